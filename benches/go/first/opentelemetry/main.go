// OpenTelemetry with one span: nanoseconds from the first line of main to a started tracer, and to the end of the span.
package main

import (
	"context"
	"encoding/json"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

type message struct{ Role, Content string }

func main() {
	began := time.Now()
	ctx := context.Background()
	exporter, err := otlptracehttp.New(ctx)
	if err != nil {
		panic(err)
	}
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter))
	tracer := provider.Tracer("benches")
	started := time.Since(began)
	_, span := tracer.Start(ctx, "chat", trace.WithAttributes(attribute.String("gen_ai.request.model", "gpt-4o")))
	span.SetAttributes(
		attribute.String("gen_ai.input.messages", text([]message{{"user", "hello"}})),
		attribute.String("gen_ai.output.messages", text([]message{{"assistant", "hi"}})),
	)
	span.End()
	println(started.Nanoseconds(), time.Since(began).Nanoseconds())
	_ = provider.Shutdown(ctx)
}

func text(messages []message) string {
	made, err := json.Marshal(messages)
	if err != nil {
		panic(err)
	}
	return string(made)
}
