// The ids of a span stay what they were once somebody has asked for them.

package llmobs_test

import (
	"context"
	"testing"

	"github.com/witspan/witspan-go/llmobs"
	"github.com/witspan/witspan-go/tracer"
)

func TestIDsThatWereAskedForStay(t *testing.T) {
	tracing, err := llmobs.NewTracer(tracer.WithExporter(func(*tracer.Exported) error { return nil }))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = tracing.Shutdown(context.Background()) }()
	span, _ := tracing.StartTaskSpan(context.Background(), "early")
	id, trace := span.SpanID(), span.TraceID()
	span.Finish()
	for range 40_000 {
		later, _ := tracing.StartTaskSpan(context.Background(), "later")
		later.Finish()
	}
	if id == "" || span.SpanID() != id || span.TraceID() != trace {
		t.Errorf("%q became %q, %q became %q", id, span.SpanID(), trace, span.TraceID())
	}
}
