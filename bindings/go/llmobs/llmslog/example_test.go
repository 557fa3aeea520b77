// How the package is used.

package llmslog_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"github.com/witspan/witspan-go/llmobs"
	"github.com/witspan/witspan-go/llmobs/llmobstest"
	"github.com/witspan/witspan-go/llmobs/llmslog"
)

func ExampleNewHandler() {
	// So that the example prints the same each time: no time, and one id in place of the span's.
	options := &slog.HandlerOptions{ReplaceAttr: func(_ []string, attribute slog.Attr) slog.Attr {
		switch attribute.Key {
		case slog.TimeKey:
			return slog.Attr{}
		case llmslog.TraceIDKey, llmslog.SpanIDKey:
			return slog.String(attribute.Key, "…")
		}
		return attribute
	}}
	logger := slog.New(llmslog.NewHandler(slog.NewTextHandler(os.Stdout, options)))

	// In a program: tracer.Start, and the context that came with the request.
	spans, err := llmobstest.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	span, ctx := llmobs.StartWorkflowSpan(spans.Context(context.Background()), "offer")
	defer span.Finish()

	logger.InfoContext(ctx, "asking", "article", "umbrella")
	logger.Info("no context, no ids")
	// Output:
	// level=INFO msg=asking article=umbrella dd.trace_id=… dd.span_id=…
	// level=INFO msg="no context, no ids"
}
