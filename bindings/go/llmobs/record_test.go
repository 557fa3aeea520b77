// Spans that are over when they are recorded.

package llmobs_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/witspan/witspan-go/llmobs"
)

var (
	began = time.Unix(1_700_000_000, 0)
	ended = began.Add(2 * time.Second)
)

type traced struct{ error }

func (traced) StackTrace() string { return "its own stack" }

func TestARecordedSpanArrivesWithAllThatWasSaid(t *testing.T) {
	_, ctx, box := recorded(t)
	span, err := llmobs.RecordSpan(ctx, llmobs.RecordedSpan{
		Kind: "llm", Name: "replayed", Start: began, End: ended, SpanID: "77", TraceID: "0000000000000000000000000000000c",
		SessionID: "s", MLApp: "app", ModelName: "m", ModelProvider: "p", Error: traced{errors.New("no answer")},
		Annotation: llmobs.AnnotateOption{
			Input: []llmobs.LLMMessage{{Role: "user", Content: "Why?"}}, Output: "So.",
			Metrics: map[string]float64{"input_tokens": 2}, Tags: map[string]string{"k": "v"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "id", span.SpanID(), "77")
	sent := box.one(t, "replayed")
	equal(t, "trace", sent.TraceID, "0000000000000000000000000000000c")
	equal(t, "start", sent.StartNs, uint64(began.UnixNano()))
	equal(t, "duration", sent.Duration, uint64(2*time.Second))
	equal(t, "status", sent.Status, "error")
	equal(t, "metric", sent.Metrics["input_tokens"], 2)
	text, _ := json.Marshal(sent)
	for _, part := range []string{"no answer", "llmobs_test.traced", "its own stack", "session_id:s", "ml_app:app", "k:v", "Why?"} {
		if !strings.Contains(string(text), part) {
			t.Errorf("no %s in %s", part, text)
		}
	}
}

func TestARecordedSpanIsAChildOfWhatIsCurrentGivenOrNamed(t *testing.T) {
	made, ctx, box := recorded(t)
	above, inner := llmobs.StartWorkflowSpan(ctx, "above")
	record := func(name string, more llmobs.RecordedSpan) *llmobs.AnySpan {
		t.Helper()
		more.Kind, more.Name, more.Start, more.End = "task", name, began, ended
		span, err := llmobs.RecordSpan(inner, more)
		if err != nil {
			t.Fatal(name, ": ", err)
		}
		return span
	}
	current := record("current", llmobs.RecordedSpan{})
	record("given", llmobs.RecordedSpan{Parent: current})
	record("named", llmobs.RecordedSpan{ParentTraceID: "0000000000000000000000000000000d", ParentSpanID: "9"})
	record("root", llmobs.RecordedSpan{Root: true})
	child, _ := llmobs.StartTaskSpan(ctx, "child", llmobs.WithParent(current))
	child.Finish()
	// A parent that is off says nothing.
	nowhere, _ := (*llmobs.Tracer)(nil).StartTaskSpan(ctx, "nowhere")
	record("without", llmobs.RecordedSpan{Parent: nowhere})
	above.Finish()
	isChild(t, box.one(t, "current"), box.one(t, "above"))
	isChild(t, box.one(t, "given"), box.one(t, "current"))
	isChild(t, box.one(t, "child"), box.one(t, "current"))
	isChild(t, box.one(t, "without"), box.one(t, "above"))
	equal(t, "parent", box.one(t, "named").ParentID, "9")
	if !box.one(t, "root").isRoot() {
		t.Error(box.one(t, "root"))
	}
	equal(t, "warnings", made.Stats().Warnings, 0)
}

func TestAWrongRecordedSpanSaysWhatIsWrongAndNothingIsKept(t *testing.T) {
	made, ctx, box := recorded(t)
	for name, wrong := range map[string]llmobs.RecordedSpan{
		"nothing": {}, "no kind": {Start: began, End: ended}, "no end": {Kind: "task", Start: began},
		"kind": {Kind: "banana", Start: began, End: ended}, "id": {Kind: "task", Start: began, End: ended, SpanID: "x"},
	} {
		span, err := llmobs.RecordSpan(ctx, wrong)
		var argument *llmobs.ArgumentError
		if !errors.As(err, &argument) || argument.Field == "" || span == nil {
			t.Error(name, ": ", span, err)
		}
		span.Finish()
	}
	equal(t, "spans", len(box.all(t)), 0)
	equal(t, "rejected", made.Stats().AnnotationsRejected, 5)
}
