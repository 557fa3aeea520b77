// Spans that nobody finishes fill the memory for open spans, and no more, also where that is small.

package llmobs_test

import (
	"context"
	"strings"
	"testing"

	"github.com/witspan/witspan-go/llmobs"
	"github.com/witspan/witspan-go/tracer"
)

func TestOpenSpansBeyondTheMemoryAreDroppedAndCounted(t *testing.T) {
	tracing, err := llmobs.NewTracer(tracer.WithExporter(func(*tracer.Exported) error { return nil }))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _, _ = tracing.Shutdown(context.Background()) }()
	root, ctx := tracing.StartWorkflowSpan(context.Background(), "root")
	text := strings.Repeat("a long text. ", 20_000)
	var open []*llmobs.TaskSpan
	for range 600 {
		span, _ := llmobs.StartTaskSpan(ctx, "held")
		span.AnnotateTextIO(text, "")
		open = append(open, span)
	}
	counts := tracing.Stats()
	if counts.AnnotationsRejected+counts.Spans.Dropped["open_full"] == 0 || counts.Spans.Dropped["trap"] != 0 {
		t.Errorf("%+v", counts)
	}
	for _, span := range open {
		span.Finish()
	}
	root.Finish()
	if trapped := tracing.Stats().Spans.Dropped["trap"]; trapped != 0 {
		t.Errorf("%d spans were lost with their instance", trapped)
	}
}
