// Spans that nobody holds any more are given up and counted; those that somebody may still finish are not.

package llmobs_test

import (
	"context"
	"runtime"
	"testing"
	"time"

	"github.com/witspan/witspan-go/llmobs"
)

func TestSpansThatNobodyHoldsAreCountedAsUnfinished(t *testing.T) {
	made, ctx, box := recorded(t)
	const leaked = 200
	for range leaked {
		lost, _ := llmobs.StartTaskSpan(ctx, "lost")
		lost.Annotate(llmobs.WithIntent("to be lost"))
		kept, _ := llmobs.StartTaskSpan(ctx, "kept")
		kept.Finish()
	}
	collect(t, "all are found", func() bool { return made.Stats().Spans.Dropped["unfinished"] == leaked })
	counts := made.Stats().Spans
	equal(t, "open", counts.Open, 0)
	balance(t, counts)
	equal(t, "sent", len(box.all(t)), leaked)
}

func TestASpanThatOnlyItsContextHoldsIsNotGivenUp(t *testing.T) {
	made, ctx, box := recorded(t)
	const held = 100
	contexts := make([]context.Context, 0, held)
	for range held {
		_, inner := llmobs.StartTaskSpan(ctx, "held")
		contexts = append(contexts, context.WithValue(inner, patienceKey{}, 1))
	}
	for range 5 {
		runtime.GC()
		time.Sleep(5 * time.Millisecond)
	}
	equal(t, "open", made.Stats().Spans.Open, held)
	for _, inner := range contexts {
		span, is := llmobs.SpanFromContext(inner)
		if !is {
			t.Fatal("its context has no span")
		}
		span.Finish()
	}
	equal(t, "sent", len(box.all(t)), held)
}

func TestAChildHoldsItsParent(t *testing.T) {
	made, ctx, box := recorded(t)
	child := func() *llmobs.TaskSpan {
		_, inner := llmobs.StartWorkflowSpan(ctx, "parent")
		child, _ := llmobs.StartTaskSpan(inner, "child")
		return child
	}()
	for range 5 {
		runtime.GC()
		time.Sleep(5 * time.Millisecond)
	}
	equal(t, "open", made.Stats().Spans.Open, 2)
	child.Finish()
	box.one(t, "child")
}
