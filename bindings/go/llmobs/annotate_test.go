// What an annotation says arrives, in the form that a receiver reads.

package llmobs_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/witspan/witspan-go/llmobs"
)

func same(t *testing.T, what string, got any, expected string) {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(expected), &value); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got, value) {
		text, _ := json.Marshal(got)
		t.Errorf("%s: %s instead of %s", what, text, expected)
	}
}

func TestEveryOptionOfAnAnnotationArrives(t *testing.T) {
	made, ctx, box := recorded(t)
	llm, _ := llmobs.StartLLMSpan(ctx, "llm", llmobs.WithModelName("m"), llmobs.WithModelProvider("p"),
		llmobs.WithIntegration("started"), llmobs.WithSessionID("s1"), llmobs.WithMLApp("app"))
	llm.AnnotateLLMIO(
		[]llmobs.LLMMessage{
			{Role: "user", Content: "Why?"},
			{Role: "tool", ToolResults: []llmobs.ToolResult{{Result: map[string]any{"n": 1}, Name: "f", ToolID: "1"}}},
		},
		[]llmobs.LLMMessage{{Role: "assistant", Content: "So.", ToolCalls: []llmobs.ToolCall{
			{Name: "f", Arguments: json.RawMessage(`{"a": [1]}`), ToolID: "1", Type: "function"},
		}}},
		llmobs.WithAnnotatedTags(map[string]string{"team": "a"}),
		llmobs.WithAnnotatedCostTagKeys([]string{"team"}),
		llmobs.WithAnnotatedSessionID("s2"),
		llmobs.WithAnnotatedMetadata(map[string]any{"temperature": 0.5}),
		llmobs.WithAnnotatedMetrics(map[string]float64{llmobs.MetricKeyInputTokens: 3}),
		llmobs.WithAnnotatedIntent("to know"),
		llmobs.WithAnnotatedPrompt(llmobs.Prompt{ID: "p1", Template: "{{q}}?", Variables: map[string]string{"q": "Why"}}),
		llmobs.WithAnnotatedToolDefinitions([]llmobs.ToolDefinition{
			{Name: "f", Description: "d", Schema: json.RawMessage(`{"type": "object"}`)},
		}),
	)
	llm.AddLink(llmobs.SpanLink{TraceID: 5, TraceIDHigh: 1, SpanID: 7, Attributes: map[string]string{"k": "v"}})
	llm.Finish()
	agent, _ := llmobs.StartAgentSpan(ctx, "agent")
	agent.Annotate(llmobs.WithAnnotatedInput("in"), llmobs.WithAnnotatedOutput(map[string]int{"out": 1}),
		llmobs.WithAnnotatedAgent(llmobs.Agent{Name: "a", Model: "m"}), llmobs.AnnotateOption{Integration: "later"})
	agent.Finish()
	embedding, _ := llmobs.StartEmbeddingSpan(ctx, "embedding")
	embedding.AnnotateEmbeddingIO([]llmobs.EmbeddedDocument{{Text: "t", Name: "n", ID: "i", Score: 0.5}}, "[0.1]")
	embedding.Finish()
	retrieval, _ := llmobs.StartRetrievalSpan(ctx, "retrieval")
	retrieval.AnnotateRetrievalIO("q", []llmobs.RetrievedDocument{{Text: "t", Score: -1}})
	retrieval.Finish()

	sent := box.one(t, "llm")
	same(t, "input", sent.meta("input", "messages").([]any)[0], `{"role": "user", "content": "Why?"}`)
	same(t, "tool calls", sent.meta("output", "messages").([]any)[0].(map[string]any)["tool_calls"],
		`[{"name": "f", "arguments": {"a": [1]}, "tool_id": "1", "type": "function"}]`)
	equal(t, "metadata", sent.meta("metadata", "temperature"), any(0.5))
	equal(t, "metric", sent.Metrics["input_tokens"], 3)
	equal(t, "model", sent.meta("model_name"), any("m"))
	text, _ := json.Marshal(sent)
	for _, part := range []string{"team:a", "session_id:s2", "ml_app:app", "integration:started", "to know", "p1", `"schema"`} {
		if !strings.Contains(string(text), part) {
			t.Errorf("no %s in %s", part, text)
		}
	}
	same(t, "agent's output", box.one(t, "agent").meta("output", "value"), `"{\"out\":1}"`)
	if !box.one(t, "agent").has("integration:later") {
		t.Error(box.one(t, "agent").Tags)
	}
	same(t, "documents", box.one(t, "embedding").meta("input", "documents"), `[{"text": "t", "name": "n", "id": "i", "score": 0.5}]`)
	same(t, "documents", box.one(t, "retrieval").meta("output", "documents"), `[{"text": "t", "score": -1}]`)
	if stats := made.Stats(); stats.Warnings+stats.AnnotationsRejected > 0 {
		t.Error(box.log())
	}
}

func TestOfTwoThatSayTheSameTheLastCountsAndTheRestStays(t *testing.T) {
	_, ctx, box := recorded(t)
	span, _ := llmobs.StartTaskSpan(ctx, "twice")
	span.AnnotateTextIO("in", "first",
		llmobs.WithAnnotatedOutput("second"),
		llmobs.WithAnnotatedTags(map[string]string{"a": "1", "b": "1"}),
		llmobs.WithAnnotatedTags(map[string]string{"b": "2"}),
		llmobs.WithAnnotatedMetrics(map[string]float64{"m": 1}),
		llmobs.WithAnnotatedMetrics(map[string]float64{"n": 2}),
		llmobs.WithAnnotatedMetadata(map[string]any{"x": 1}),
		llmobs.WithAnnotatedMetadata(map[string]any{"y": 2}),
	)
	span.Finish()
	sent := box.one(t, "twice")
	equal(t, "input", sent.meta("input", "value"), any("in"))
	equal(t, "output", sent.meta("output", "value"), any("second"))
	if !sent.has("a:1") || !sent.has("b:2") || sent.has("b:1") {
		t.Error(sent.Tags)
	}
	if sent.Metrics["m"] != 1 || sent.Metrics["n"] != 2 {
		t.Error(sent.Metrics)
	}
	same(t, "metadata", sent.meta("metadata"), `{"x": 1, "y": 2}`)
}

func TestTimesAndErrorsArriveAsTheyWereGiven(t *testing.T) {
	_, ctx, box := recorded(t)
	began := time.Unix(1_700_000_000, 5)
	span, _ := llmobs.StartTaskSpan(ctx, "timed", llmobs.WithStartTime(began))
	span.Finish(llmobs.WithFinishTime(began.Add(time.Second)), llmobs.WithError(fmt.Errorf("around: %w", errors.New("cause"))))
	sent := box.one(t, "timed")
	equal(t, "start", sent.StartNs, uint64(began.UnixNano()))
	equal(t, "duration", sent.Duration, uint64(time.Second))
	equal(t, "status", sent.Status, "error")
	text, _ := json.Marshal(sent.Meta)
	for _, part := range []string{"around: cause", "*fmt.wrapError", "TestTimesAndErrors"} {
		if !strings.Contains(string(text), part) {
			t.Errorf("no %s in %s", part, text)
		}
	}
}

func TestAnAnnotationAfterTheEndIsCountedAndLoggedOnce(t *testing.T) {
	made, ctx, box := recorded(t)
	span, _ := llmobs.StartTaskSpan(ctx, "over")
	span.Finish()
	span.Annotate(llmobs.WithIntent("too late"))
	span.AnnotateTextIO("too", "late")
	equal(t, "rejected", made.Stats().AnnotationsRejected, 2)
	equal(t, "notices", strings.Count(box.log(), "code=misplaced"), 1)
	equal(t, "spans", len(box.all(t)), 1)
}
