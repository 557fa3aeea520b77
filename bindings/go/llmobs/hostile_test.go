// Values whose code misbehaves: nothing beside them is lost, and the spans around them arrive.

package llmobs_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/witspan/witspan-go/llmobs"
)

type panicking struct{}

func (panicking) MarshalJSON() ([]byte, error) { panic("marshal") }
func (panicking) MarshalText() ([]byte, error) { panic("marshal") }
func (panicking) String() string               { panic("string") }
func (panicking) Error() string                { panic("error") }

type failing struct{}

func (failing) MarshalJSON() ([]byte, error) { return nil, errors.New("no") }

type lying struct{}

func (lying) MarshalJSON() ([]byte, error) { return []byte(`{"a":`), nil }

type stacked struct{ error }

func (stacked) StackTrace() int { panic("stack") }

type circle struct{ Next *circle }

func hostile() map[string]any {
	ring := &circle{}
	ring.Next = ring
	list := make([]any, 1)
	list[0] = list
	object := map[string]any{}
	object["self"] = object
	return map[string]any{
		"channel": make(chan int), "function": func() {}, "ring": ring, "list": list, "object": object,
		"panicking": panicking{}, "failing": failing{}, "lying": lying{}, "nil panicking": (*panicking)(nil),
		"nan": math.NaN(), "infinite": math.Inf(-1), "complex": complex(1, 2), "raw": json.RawMessage("{not json"),
		"not utf-8": "a\xffb", "keys": map[any]any{1: 2}, "context": context.Background(), "error": panicking{},
		"deep": deep(2000), "pointer": new(*int), "bytes": []byte{0, 255},
	}
}

func deep(n int) any {
	var value any = "bottom"
	for range n {
		value = []any{value}
	}
	return value
}

func TestAHostileValueCostsNothingBesideItself(t *testing.T) {
	for name, value := range hostile() {
		t.Run(name, func(t *testing.T) {
			made, ctx, box := recorded(t)
			before, _ := llmobs.StartTaskSpan(ctx, "before")
			before.AnnotateTextIO("a", "b")
			before.Finish()
			span, _ := llmobs.StartToolSpan(ctx, "hostile")
			span.Annotate(llmobs.WithAnnotatedInput(value), llmobs.WithAnnotatedOutput("kept"),
				llmobs.WithAnnotatedMetadata(map[string]any{"odd": value, "plain": 1}),
				llmobs.WithAnnotatedMetrics(map[string]float64{"n": 1, "odd": math.NaN()}))
			span.Finish()
			call, _ := llmobs.StartLLMSpan(ctx, "call")
			call.AnnotateLLMIO([]llmobs.LLMMessage{
				{Role: "tool", ToolResults: []llmobs.ToolResult{{Result: value}}},
				{Role: "user", Content: "kept"},
			}, nil)
			call.Finish()
			after, _ := llmobs.StartTaskSpan(ctx, "after")
			after.Finish()
			equal(t, "before", box.one(t, "before").meta("output", "value"), any("b"))
			sent := box.one(t, "hostile")
			equal(t, "output", sent.meta("output", "value"), any("kept"))
			equal(t, "metadata", sent.meta("metadata", "plain"), any(1.0))
			equal(t, "metric", sent.Metrics["n"], 1)
			same(t, "message", box.one(t, "call").meta("input", "messages").([]any)[1], `{"role": "user", "content": "kept"}`)
			box.one(t, "after")
			counts := made.Stats()
			if counts.Spans.Delivered != 4 || counts.AnnotationsRejected != 0 {
				t.Errorf("%+v", counts)
			}
		})
	}
}

func TestHostileErrorsEndTheirSpans(t *testing.T) {
	_, ctx, box := recorded(t)
	for n, err := range []error{panicking{}, (*nilError)(nil), stacked{errors.New("x")}, errors.Join(nil, panicking{})} {
		span, _ := llmobs.StartTaskSpan(ctx, fmt.Sprint("failed", n))
		span.Finish(llmobs.WithError(err))
		equal(t, "status", box.one(t, fmt.Sprint("failed", n)).Status, "error")
	}
}

type nilError struct{ text string }

func (e *nilError) Error() string { return e.text }

func TestInvalidArgumentsOfAToolCallAreSentAsText(t *testing.T) {
	_, ctx, box := recorded(t)
	span, _ := llmobs.StartLLMSpan(ctx, "call")
	span.AnnotateLLMIO(nil, []llmobs.LLMMessage{{Content: "kept", ToolCalls: []llmobs.ToolCall{
		{Name: "broken", Arguments: json.RawMessage(`{"a": `)}, {Name: "whole", Arguments: json.RawMessage(`{"a": 1}`)},
	}}})
	span.Finish()
	calls := box.one(t, "call").meta("output", "messages").([]any)[0].(map[string]any)["tool_calls"].([]any)
	equal(t, "calls", len(calls), 2)
	equal(t, "name", calls[0].(map[string]any)["name"], any("broken"))
	same(t, "arguments", calls[1].(map[string]any)["arguments"], `{"a": 1}`)
}

func TestTextsOfAnyLengthFailNothing(t *testing.T) {
	long := strings.Repeat("0123456789abcdef", 4<<20)
	made, ctx, box := recorded(t)
	// All in one instance, which would take the others with it.
	parent, inner := llmobs.StartWorkflowSpan(ctx, "parent", llmobs.WithSessionID(long))
	inner = llmobs.WithAnnotationContext(inner, llmobs.AnnotationContext{Tags: map[string]string{"k": long}})
	span, below := llmobs.StartLLMSpan(inner, long, llmobs.WithModelName(long), llmobs.WithMLApp(long))
	span.Annotate(llmobs.WithAnnotatedInput(long), llmobs.WithAnnotatedTags(map[string]string{long: long}))
	llmobs.Inject(below, http.Header{"Tracestate": {long}})
	llmobs.Extract(below, http.Header{"Traceparent": {long}, long: {long}})
	span.Finish(llmobs.WithError(errors.New(long)))
	_ = llmobs.SubmitEvaluationFromSpan(long, long, span, llmobs.WithEvaluationReasoning(long))
	parent.Finish()
	box.one(t, "parent")
	counts := made.Stats()
	balance(t, counts.Spans)
	if counts.Spans.Dropped["trap"] != 0 {
		t.Errorf("%+v", counts)
	}
}
