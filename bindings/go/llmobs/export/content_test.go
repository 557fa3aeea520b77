// What arrives of a span: every part in its place, and nothing lost that has none.

package export_test

import (
	"encoding/json"
	"math"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/witspan/witspan-go/llmobs/export"
)

// sent gives spans as they arrive.
func sent(t *testing.T, opts []export.ClientOption, events ...export.SpanEvent) ([]fields, *export.Result) {
	t.Helper()
	receiver := listen(t, nil)
	result, err := receiver.client(t, opts...).SubmitSpans(t.Context(), events)
	if err != nil || result.Sent != len(events) {
		t.Fatal(result, err)
	}
	return receiver.spans(t, 0), result
}

// same compares as JSON.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	g, _ := json.Marshal(got)
	w, _ := json.Marshal(want)
	if string(g) != string(w) {
		t.Errorf("%s\n got %s\nwant %s", what, g, w)
	}
}

func has(t *testing.T, span fields, tags ...string) {
	t.Helper()
	for _, tag := range tags {
		if !slices.Contains(span["tags"].([]any), any(tag)) {
			t.Errorf("no tag %s in %v", tag, span["tags"])
		}
	}
}

func TestAnLLMSpanArrivesWhole(t *testing.T) {
	event := export.SpanEvent{
		SpanID: "5", TraceID: "0123456789abcdef0123456789abcdef", ParentID: "4", SessionID: "s", Name: "ask",
		Tags:    []string{"team:search", "session_id:old", "alone", "k:1", "k:2", "ml_app:other"},
		StartNS: 1_700_000_000_123_456_789, Duration: 250,
		Meta: map[string]any{
			"span.kind": export.KindLLM,
			"input": map[string]any{
				"messages": []map[string]string{{"role": "user", "content": "Why?"}},
				"prompt":   map[string]any{"id": "p", "_dd_context_variable_keys": []string{"c"}, "variables": map[string]string{"c": "v"}},
				"more":     1,
			},
			"output":     map[string]any{"messages": []any{map[string]any{"role": "assistant", "content": "Therefore."}}},
			"model_name": "gpt", "model_provider": "OpenAI", "tool_definitions": []map[string]any{{"name": "f"}},
			"metadata": map[string]any{"temperature": 0, "_dd": map[string]any{"cost_tags": []string{"team"}, "own": 1}},
			"expected": "x",
		},
		Metrics:          map[string]float64{"input_tokens": 3, "bad": math.NaN()},
		CollectionErrors: []string{"dropped_io"},
		SpanLinks: []export.SpanLink{
			{TraceID: "7", SpanID: "8", Attributes: map[string]string{"a": "b"}, Flags: 1}, {TraceIDHigh: 1, TraceID: "2", SpanID: "3"},
		},
		DDAttributes: export.DDAttributes{APMTraceID: "99", SpanID: "5", Scope: "x"},
	}
	spans, result := sent(t, []export.ClientOption{export.WithService("web"), export.WithEnv("prod"), export.WithVersion("2")}, event)
	span := spans[0]
	meta := span["meta"].(fields)
	same(t, "ids", []any{span["span_id"], span["trace_id"], span["parent_id"], span["session_id"], span["name"], span["status"]},
		[]any{"5", event.TraceID, "4", "s", "ask", "ok"})
	same(t, "duration", span["duration"], 250)
	same(t, "input", meta["input"].(fields)["messages"], []fields{{"content": "Why?", "role": "user"}})
	same(t, "prompt", meta["input"].(fields)["prompt"].(fields)["_dd_context_variable_keys"], []string{"c"})
	same(t, "output", meta["output"], fields{"messages": []fields{{"content": "Therefore.", "role": "assistant"}}})
	same(t, "model", []any{meta["model_name"], meta["model_provider"]}, []string{"gpt", "openai"})
	same(t, "tools", meta["tool_definitions"], []fields{{"name": "f"}})
	same(t, "metadata", meta["metadata"], fields{
		"temperature": 0, "_dd": fields{"cost_tags": []string{"team"}}, "dd": fields{"own": 1}, "expected": "x",
		"input": fields{"more": 1}, "collection_errors": []string{"dropped_io"},
	})
	same(t, "metrics", span["metrics"], fields{"input_tokens": 3})
	same(t, "links", span["span_links"], []fields{
		{"attributes": fields{"a": "b", "flags": "1"}, "span_id": "8", "trace_id": "7"},
		{"attributes": fields{"from": "output", "to": "input"}, "span_id": "3", "trace_id": "00000000000000010000000000000002"},
	})
	has(t, span, "team:search", "session_id:s", "alone:", "k:1,2", "ml_app:other", "service:web", "env:prod", "version:2",
		"apm_trace_id:99", "scope:x", "error:0")
	if len(result.Warnings) != 1 || result.Warnings[0].Field != "metrics.bad" {
		t.Errorf("%+v", result.Warnings)
	}
}

func TestInputsOfEveryKind(t *testing.T) {
	documents := []fields{{"text": "d"}}
	of := func(kind export.Kind, input, output any) export.SpanEvent {
		event := span(1)
		event.Meta = fields{"span.kind": string(kind), "input": input, "output": output}
		return event
	}
	spans, _ := sent(t, nil,
		of(export.KindLLM, fields{"value": "q"}, "a"),
		of(export.KindEmbedding, fields{"documents": documents}, fields{"value": "[1]"}),
		of(export.KindRetrieval, fields{"value": "q"}, fields{"documents": documents}),
		of(export.KindWorkflow, fields{"messages": []fields{{"content": "q"}}}, fields{"a": 1}),
		of(export.KindStep, struct {
			Value string `json:"value"`
		}{"q"}, nil),
	)
	want := []fields{
		{"input": fields{"messages": []fields{{"content": "q", "role": ""}}}, "output": fields{"messages": []fields{{"content": "a", "role": ""}}}},
		{"input": fields{"documents": documents}, "output": fields{"value": "[1]"}},
		{"input": fields{"value": "q"}, "output": fields{"documents": documents}},
		{"input": fields{"value": `[{"content":"q"}]`}, "output": fields{"value": `{"a":1}`}},
		{"input": fields{"value": "q"}},
	}
	for at, span := range spans {
		meta := span["meta"].(fields)
		same(t, span["name"].(string), fields{"input": meta["input"], "output": meta["output"]},
			fields{"input": want[at]["input"], "output": want[at]["output"]})
	}
	same(t, "a step", spans[4]["meta"].(fields)["span"], fields{"kind": "task"})
	has(t, spans[4], "original_kind:step")
}

func TestErrorsArriveAsErrors(t *testing.T) {
	failed := span(1, export.WithSpanError(export.ErrorMessage{Message: "m", Type: "T", Stack: "s"}))
	bare := span(2)
	bare.Status, bare.StatusMessage = export.StatusError, "said"
	fine := span(3)
	fine.Meta["error.message"], fine.StatusMessage = "no error", "well"
	spans, _ := sent(t, nil, failed, bare, fine)
	same(t, "error", spans[0]["meta"].(fields)["error"], fields{"message": "m", "stack": "s", "type": "T"})
	same(t, "error", spans[1]["meta"].(fields)["error"], fields{"message": "said", "stack": "", "type": ""})
	same(t, "metadata", spans[2]["meta"].(fields)["metadata"], fields{"error.message": "no error", "status_message": "well"})
	has(t, spans[0], "error:1", "error_type:T")
	has(t, spans[2], "error:0")
}

func TestIdsOfElsewhereFindEachOther(t *testing.T) {
	root, child, hexadecimal := span(1), span(2), span(3)
	root.SpanID, root.TraceID = "span-a", "trace-a"
	child.SpanID, child.TraceID, child.ParentID = "span-b", "trace-a", "span-a"
	hexadecimal.SpanID, hexadecimal.TraceID, hexadecimal.ParentID = "00f067aa0ba902b7", "4BF92F3577B34DA6A3CE929D0E0E4736", "0"
	receiver := listen(t, nil)
	client := receiver.client(t)
	if result, err := client.SubmitSpans(t.Context(), []export.SpanEvent{root, child, hexadecimal}); err != nil || result.Sent != 3 {
		t.Fatal(result, err)
	}
	spans := receiver.spans(t, 0)
	if spans[1]["parent_id"] != spans[0]["span_id"] || spans[1]["trace_id"] != spans[0]["trace_id"] || spans[0]["parent_id"] != "undefined" {
		t.Error(spans[0], spans[1])
	}
	has(t, spans[1], "original_span_id:span-b", "original_trace_id:trace-a", "original_parent_id:span-a")
	same(t, "hexadecimal", []any{spans[2]["span_id"], spans[2]["trace_id"], spans[2]["parent_id"]},
		[]string{"67667974448284343", "4bf92f3577b34da6a3ce929d0e0e4736", "undefined"})
	score := 1.0
	before := len(receiver.got())
	_, err := client.SubmitEvaluations(t.Context(), []export.EvaluationMetric{{SpanID: "span-a", TraceID: "trace-a", Label: "good", ScoreValue: &score}})
	if err != nil {
		t.Fatal(err)
	}
	var body struct {
		Data struct{ Attributes struct{ Metrics []fields } }
	}
	if err := json.Unmarshal(receiver.got()[before].body, &body); err != nil {
		t.Fatal(err)
	}
	same(t, "join", body.Data.Attributes.Metrics[0]["join_on"], fields{"span": fields{"span_id": spans[0]["span_id"], "trace_id": spans[0]["trace_id"]}})
}

func TestTheServiceIsThatOfTheSpanElseTheCallElseTheClient(t *testing.T) {
	receiver := listen(t, nil)
	client := receiver.client(t, export.WithService("client"))
	own, stale := span(1), span(2)
	own.Service = "span"
	stale.Tags = []string{"service:old"}
	for _, option := range []export.SubmitSpansOption{nil, export.WithCallService("call")} {
		if _, err := client.SubmitSpans(t.Context(), []export.SpanEvent{own, stale}, option); err != nil {
			t.Fatal(err)
		}
	}
	spans := receiver.spans(t, 0)
	for at, service := range []string{"span", "client", "span", "call"} {
		has(t, spans[at], "service:"+service)
	}
}

func TestTheCallersDataIsNotChanged(t *testing.T) {
	event := export.NewSpanEvent("t", "s", export.KindLLM, export.WithTiming(began, 1), export.WithMetadata(fields{"_dd": fields{"cost_tags": []string{"a"}}}),
		export.WithTextIO("a", "b"), export.WithModel("M", "P"))
	before, _ := json.Marshal(event)
	sent(t, nil, event)
	after, _ := json.Marshal(event)
	if string(before) != string(after) {
		t.Errorf("before %s\nafter  %s", before, after)
	}
}

func TestValuesThatHaveNoJSONAreTexts(t *testing.T) {
	spans, _ := sent(t, nil, span(1, export.WithMetadata(fields{"channel": make(chan int), "infinite": math.Inf(1)})))
	same(t, "metadata", spans[0]["meta"].(fields)["metadata"], fields{"channel": "[chan int]", "infinite": "Infinity"})
}

func TestTheIntakeItselfGetsTheKey(t *testing.T) {
	receiver := listen(t, nil)
	t.Setenv("DD_LLMOBS_OVERRIDE_ORIGIN", receiver.URL)
	t.Setenv("DD_LLMOBS_ENABLED", "0")
	t.Setenv("DD_TAGS", "host:mine")
	const key = "0123456789abcdef0123456789abcdef"
	client, err := export.NewClient("app", export.WithDatadogIntake("datadoghq.eu", key), export.WithHTTPClient(http.DefaultClient))
	if err != nil {
		t.Fatal(err)
	}
	if result, err := client.SubmitSpans(t.Context(), []export.SpanEvent{span(1)}); err != nil || result.Sent != 1 {
		t.Fatal(result, err)
	}
	got := receiver.got()[0]
	if got.key != key || strings.Contains(string(got.body), "host:mine") || !strings.Contains(string(got.body), `"ml_app":"app"`) {
		t.Errorf("%s %s %s", got.path, got.key, got.body)
	}
}
