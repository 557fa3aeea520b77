// A span that the core has forgotten: some thousand others have finished since.

package llmobs_test

import (
	"context"
	"testing"

	"github.com/witspan/witspan-go/llmobs"
	"github.com/witspan/witspan-go/llmobs/llmobstest"
)

func TestAParentThatFinishedTooLongAgoIsCountedAndTheSpanBeginsATrace(t *testing.T) {
	spans := llmobstest.Start(t)
	first, _ := llmobs.StartTaskSpan(t.Context(), "first")
	first.Finish()
	// More than the core remembers, in each of its instances.
	for range 5 * 4096 {
		other, _ := llmobs.StartTaskSpan(context.Background(), "other")
		other.Finish()
	}
	spans.Reset()
	late, _ := llmobs.StartTaskSpan(t.Context(), "late", llmobs.WithParent(first))
	late.Finish()
	if sent := spans.Span("late"); sent.ParentID != "" {
		t.Errorf("%+v", sent)
	}
	if warnings := llmobs.Stats().Warnings; warnings != 1 {
		t.Error(warnings)
	}
}
