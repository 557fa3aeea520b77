// Which span is the child of which.

package llmobs_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/witspan/witspan-go/llmobs"
)

func isChild(t *testing.T, child, parent *sentSpan) {
	t.Helper()
	equal(t, child.Name+"'s parent", child.ParentID, parent.SpanID)
	equal(t, child.Name+"'s trace", child.TraceID, parent.TraceID)
}

func TestASpanIsAChildOfWhatIsCurrentInItsContext(t *testing.T) {
	_, ctx, box := recorded(t)
	workflow, inner := llmobs.StartWorkflowSpan(ctx, "workflow")
	agent, deeper := llmobs.StartAgentSpan(inner, "agent")
	call, _ := llmobs.StartLLMSpan(deeper, "call")
	call.Finish()
	agent.Finish()
	beside, _ := llmobs.StartTaskSpan(inner, "beside")
	beside.Finish()
	workflow.Finish()
	apart, _ := llmobs.StartTaskSpan(ctx, "apart")
	apart.Finish()

	if root := box.one(t, "workflow"); !root.isRoot() {
		t.Error(root)
	}
	isChild(t, box.one(t, "agent"), box.one(t, "workflow"))
	isChild(t, box.one(t, "call"), box.one(t, "agent"))
	isChild(t, box.one(t, "beside"), box.one(t, "workflow"))
	if other := box.one(t, "apart"); !other.isRoot() || other.TraceID == box.one(t, "workflow").TraceID {
		t.Error(other)
	}
}

func TestAParentThatIsGivenWinsOverTheContext(t *testing.T) {
	_, ctx, box := recorded(t)
	first, _ := llmobs.StartWorkflowSpan(ctx, "first")
	_, inner := llmobs.StartWorkflowSpan(ctx, "second")
	child, below := llmobs.StartTaskSpan(inner, "child", llmobs.WithParent(first))
	grandchild, _ := llmobs.StartTaskSpan(below, "grandchild")
	root, _ := llmobs.StartTaskSpan(inner, "root", llmobs.AsRoot())
	for _, span := range []llmobs.Span{grandchild, child, root, first} {
		span.Finish()
	}
	isChild(t, box.one(t, "child"), box.one(t, "first"))
	isChild(t, box.one(t, "grandchild"), box.one(t, "child"))
	if !box.one(t, "root").isRoot() {
		t.Error("a root has a parent")
	}
}

func TestAChildThatStartsAfterItsParentFinishedStaysInTheTrace(t *testing.T) {
	_, ctx, box := recorded(t)
	parent, inner := llmobs.StartWorkflowSpan(ctx, "parent")
	parent.Finish()
	child, _ := llmobs.StartTaskSpan(ctx, "given", llmobs.WithParent(parent))
	child.Finish()
	late, _ := llmobs.StartTaskSpan(inner, "late")
	late.Finish()
	isChild(t, box.one(t, "given"), box.one(t, "parent"))
	equal(t, "trace of what starts late", box.one(t, "late").TraceID, box.one(t, "parent").TraceID)
}

func TestSpansOfManyGoroutinesAreChildrenOfTheOneThatStartedThem(t *testing.T) {
	_, ctx, box := recorded(t)
	parent, inner := llmobs.StartWorkflowSpan(ctx, "parent")
	var group sync.WaitGroup
	for n := range 32 {
		group.Add(1)
		go func() {
			defer group.Done()
			tool, below := llmobs.StartToolSpan(inner, fmt.Sprint("tool", n))
			call, _ := llmobs.StartLLMSpan(below, fmt.Sprint("call", n))
			call.AnnotateLLMIO(nil, []llmobs.LLMMessage{{Content: fmt.Sprint("answer ", n)}})
			call.Finish()
			tool.AnnotateTextIO("", fmt.Sprint("result ", n))
			tool.Finish()
		}()
	}
	group.Wait()
	parent.Finish()
	for n := range 32 {
		tool := box.one(t, fmt.Sprint("tool", n))
		isChild(t, tool, box.one(t, "parent"))
		isChild(t, box.one(t, fmt.Sprint("call", n)), tool)
		equal(t, "output", tool.meta("output", "value"), any(fmt.Sprint("result ", n)))
	}
}

func TestAnyGoroutineMayFinishASpanAndOnlyTheFirstCounts(t *testing.T) {
	made, ctx, box := recorded(t)
	var group sync.WaitGroup
	for n := range 16 {
		span, _ := llmobs.StartTaskSpan(ctx, fmt.Sprint("span", n))
		for range 4 {
			group.Add(1)
			go func() {
				defer group.Done()
				span.Finish()
				span.Finish(llmobs.WithError(fmt.Errorf("too late to fail")))
			}()
		}
	}
	group.Wait()
	equal(t, "spans", len(box.all(t)), 16)
	counts := made.Stats().Spans
	balance(t, counts)
	equal(t, "delivered", counts.Delivered, 16)
}

func TestAContextKeepsWhatItsParentSays(t *testing.T) {
	_, ctx, _ := recorded(t)
	type key struct{}
	ctx, cancel := context.WithCancel(context.WithValue(ctx, key{}, "kept"))
	span, inner := llmobs.StartTaskSpan(ctx, "span")
	defer span.Finish()
	equal(t, "value", inner.Value(key{}), any("kept"))
	cancel()
	equal(t, "error", inner.Err(), context.Canceled)
	<-inner.Done()
	current, is := llmobs.SpanFromContext(context.WithoutCancel(inner))
	if !is || current.SpanID() != span.SpanID() {
		t.Error(current, is)
	}
	if as, is := current.AsTask(); !is || as.SpanID() != span.SpanID() {
		t.Error(as, is)
	}
	if as, is := current.AsLLM(); is || as != nil {
		t.Error(as, is)
	}
	if _, is := llmobs.SpanFromContext(ctx); is {
		t.Error("nothing is current there")
	}
}

func TestASpanOfAnotherTracerIsContinuedAsAnotherProcessWould(t *testing.T) {
	_, ctx, first := recorded(t)
	second, _, box := recorded(t)
	parent, inner := llmobs.StartWorkflowSpan(ctx, "parent")
	given, _ := llmobs.StartTaskSpan(context.Background(), "given", llmobs.WithTracer(second), llmobs.WithParent(parent))
	given.Finish()
	current, _ := second.StartTaskSpan(inner, "current")
	current.Finish()
	moved, below := llmobs.StartTaskSpan(second.NewContext(inner), "moved")
	under, _ := llmobs.StartTaskSpan(below, "under")
	under.Finish()
	moved.Finish()
	own, _ := llmobs.StartTaskSpan(inner, "own")
	own.Finish()
	parent.Finish()
	above := first.one(t, "parent")
	for _, name := range []string{"given", "current", "moved"} {
		isChild(t, box.one(t, name), above)
	}
	isChild(t, box.one(t, "under"), box.one(t, "moved"))
	isChild(t, first.one(t, "own"), above)
}
