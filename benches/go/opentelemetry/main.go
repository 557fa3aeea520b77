// The contender OpenTelemetry: its SDK with a batch processor and OTLP over HTTP, all settings its defaults.
package main

import (
	"context"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdk "go.opentelemetry.io/otel/sdk/trace"

	"github.com/witspan/witspan/benches/go/harness"
)

func main() {
	harness.Run(func() (*harness.Tracer, error) {
		ctx := context.Background()
		exporter, err := otlptracehttp.New(ctx)
		if err != nil {
			return nil, err
		}
		provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter))
		return &harness.Tracer{
			Cases:   cases(provider.Tracer("benches")),
			Deliver: func() error { return provider.ForceFlush(ctx) },
			Settle:  func() {},
			Stop:    func() { _ = provider.Shutdown(ctx) },
		}, nil
	})
}
