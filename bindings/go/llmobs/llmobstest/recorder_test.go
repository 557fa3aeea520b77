// What a recorder sees, and what it keeps away from a test.

package llmobstest_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/witspan/witspan-go/llmobs"
	"github.com/witspan/witspan-go/llmobs/llmobstest"
	"github.com/witspan/witspan-go/tracer"
)

// offer is an application: a workflow, which asks a model and calls a tool.
func offer(ctx context.Context, article string) error {
	workflow, ctx := llmobs.StartWorkflowSpan(ctx, "offer", llmobs.WithSessionID("s-1"))
	workflow.AnnotateTextIO("How much is "+article+"?", "12.5", llmobs.WithAnnotatedTags(map[string]string{"team": "sales"}))
	call, _ := llmobs.StartLLMSpan(ctx, "understand", llmobs.WithModelName("gpt-4o"), llmobs.WithModelProvider("openai"))
	call.AnnotateLLMIO(
		[]llmobs.LLMMessage{{Role: "user", Content: "How much?"}},
		[]llmobs.LLMMessage{{Role: "assistant", Content: article, ToolCalls: []llmobs.ToolCall{
			{Name: "price", Arguments: json.RawMessage(`{"article":"umbrella"}`), ToolID: "1", Type: "function"},
		}}},
		llmobs.WithAnnotatedMetrics(map[string]float64{llmobs.MetricKeyInputTokens: 8}),
		llmobs.WithAnnotatedMetadata(map[string]any{"temperature": 0.5}),
	)
	call.Finish()
	tool, _ := llmobs.StartToolSpan(ctx, "price")
	var err error
	if article == "boat" {
		err = errors.New("there is\nno boat")
	}
	tool.Finish(llmobs.WithError(err))
	workflow.Finish(llmobs.WithError(err))
	return err
}

func TestSpansOfTheGlobalTracer(t *testing.T) {
	spans := llmobstest.Start(t)
	before := time.Now()
	if err := offer(t.Context(), "umbrella"); err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, span := range spans.Spans() {
		names = append(names, span.Name)
	}
	if fmt.Sprint(names) != "[offer understand price]" {
		t.Error(names)
	}
	parent, call := spans.Span("offer"), spans.Span("understand")
	if call.ParentID != parent.SpanID || call.TraceID != parent.TraceID || parent.ParentID != "" {
		t.Error("they are not below each other")
	}
	if call.Kind != "llm" || call.ModelName != "gpt-4o" || call.ModelProvider != "openai" || call.MLApp != "test" ||
		call.SessionID != "s-1" || call.Status != "ok" || call.Error != nil {
		t.Errorf("%+v", call)
	}
	want := []llmobs.LLMMessage{{Role: "assistant", Content: "umbrella", ToolCalls: []llmobs.ToolCall{
		{Name: "price", Arguments: json.RawMessage(`{"article":"umbrella"}`), ToolID: "1", Type: "function"},
	}}}
	if !reflect.DeepEqual(call.Output.Messages, want) || call.Input.Text() != "How much?" {
		t.Errorf("%+v", call.Output)
	}
	if call.Metrics["input_tokens"] != 8 || call.Metadata["temperature"] != 0.5 {
		t.Errorf("%+v", call)
	}
	if parent.Tags["team"] != "sales" || parent.Output.Value != "12.5" || parent.Output.Text() != "12.5" {
		t.Errorf("%+v", parent)
	}
	if parent.Start.Before(before.Add(-time.Second)) || parent.Duration <= 0 || parent.Duration > time.Minute {
		t.Error(parent.Start, parent.Duration)
	}
	if call.Raw["name"] != "understand" {
		t.Error(call.Raw)
	}
}

func TestTheTreeHasNothingOfChance(t *testing.T) {
	spans := llmobstest.Start(t)
	_ = offer(t.Context(), "boat")
	_ = offer(t.Context(), "umbrella")
	const want = `workflow   offer ! *errors.errorString: there is no boat
llm        ├─ understand (gpt-4o)
tool       └─ price ! *errors.errorString: there is no boat
workflow   offer
llm        ├─ understand (gpt-4o)
tool       └─ price`
	if got := spans.Tree(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if failed := spans.Named("price")[0]; failed.Error.Message != "there is\nno boat" || failed.Status != "error" || failed.Error.Stack == "" {
		t.Errorf("%+v", failed.Error)
	}
}

func TestEverythingElseOfASpan(t *testing.T) {
	spans := llmobstest.Start(t)
	call, _ := llmobs.StartLLMSpan(t.Context(), "all")
	prompt := llmobs.Prompt{
		ID: "p", Version: "2", ChatTemplateItems: []llmobs.ChatTemplateItem{
			{Placeholder: &llmobs.MessagePlaceholder{Name: "history"}}, {Message: &llmobs.ChatMessage{Role: "user", Content: "{{q}}"}},
		},
		Variables: map[string]string{"q": "Why?"}, RAGContextVariables: []string{"c"}, RAGQueryVariables: []string{"q"},
	}
	tools := []llmobs.ToolDefinition{{Name: "f", Description: "d", ToolVersion: "1", Schema: json.RawMessage(`{"type":"object"}`)}}
	call.Annotate(llmobs.AnnotateOption{
		Prompt: &prompt, ToolDefinitions: tools, Intent: "to know", Tags: map[string]string{"team": "x"}, CostTagKeys: []string{"team"},
		Links: []llmobs.SpanLink{{TraceID: 1, SpanID: 2, Attributes: map[string]string{"a": "b"}}},
	})
	call.Finish()
	retrieval, _ := llmobs.StartRetrievalSpan(t.Context(), "find")
	documents := []llmobs.RetrievedDocument{{Text: "t", Name: "n", Score: 0.5, ID: "i"}}
	retrieval.AnnotateRetrievalIO("q", documents)
	retrieval.Finish()

	got := spans.Span("all")
	if !reflect.DeepEqual(*got.Prompt, prompt) {
		t.Errorf("%+v", *got.Prompt)
	}
	if !reflect.DeepEqual(got.ToolDefinitions, tools) || got.Intent != "to know" || fmt.Sprint(got.CostTagKeys) != "[team]" || len(got.Metadata) != 0 {
		t.Errorf("%+v", got)
	}
	if link := got.Links[0]; link.SpanID != "2" || link.Attributes["a"] != "b" {
		t.Errorf("%+v", link)
	}
	if found := spans.Span("find"); !reflect.DeepEqual(found.Output.Documents, documents) || found.Output.Text() != "t" {
		t.Errorf("%+v", found.Output)
	}
}

func TestEvaluationsAndFeedback(t *testing.T) {
	spans := llmobstest.Start(t)
	call, _ := llmobs.StartLLMSpan(t.Context(), "ask")
	call.Finish()
	err := errors.Join(
		llmobs.SubmitEvaluationFromSpan("score", 0.5, call, llmobs.WithEvaluationTags([]string{"a:b"}), llmobs.WithEvaluationAssessment("pass")),
		llmobs.SubmitEvaluationFromTag("tone", "kind", llmobs.JoinTag{Key: "k", Value: "v"}),
		llmobs.SubmitFeedback(llmobs.Feedback{Label: "thumb", Value: true, SessionID: "s", SubmitterID: "u", SubmitterType: "user"}),
	)
	if err != nil {
		t.Fatal(err)
	}
	evaluations, feedback := spans.Evaluations(), spans.Feedback()
	if len(evaluations) != 2 || len(feedback) != 1 {
		t.Fatal(evaluations, feedback)
	}
	first, second, said := evaluations[0], evaluations[1], feedback[0]
	if first.Label != "score" || first.Value != 0.5 || first.SpanID != spans.Span("ask").SpanID || first.Tags["a"] != "b" || first.Assessment != "pass" {
		t.Errorf("%+v", first)
	}
	if second.Value != "kind" || second.TagKey != "k" || second.TagValue != "v" || second.MetricType != "categorical" {
		t.Errorf("%+v", second)
	}
	if said.Value != true || said.SessionID != "s" || said.SubmitterID != "u" || said.SubmitterType != "user" {
		t.Errorf("%+v", said)
	}
}

func TestTheEnvironmentChangesNothingAndNothingLeaves(t *testing.T) {
	var requests atomic.Int32
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	defer server.Close()
	for name, value := range map[string]string{
		"DD_LLMOBS_ENABLED": "0", "DD_LLMOBS_ML_APP": "machine", "DD_SERVICE": "machine", "DD_TAGS": "host:machine",
		"DD_LLMOBS_OVERRIDE_ORIGIN": server.URL, "DD_TRACE_AGENT_URL": server.URL, "WITSPAN_INTAKE": "public",
		"DD_LLMOBS_SAMPLE_RATE": "0", "WITSPAN_DROP_UNSAMPLED": "1",
	} {
		t.Setenv(name, value)
	}
	spans := llmobstest.Start(t, tracer.WithOverrideOrigin(server.URL), tracer.WithAgentURL(server.URL), tracer.WithEnv("mine"))
	_ = offer(t.Context(), "umbrella")
	call := spans.Span("understand")
	if call.MLApp != "test" || call.Tags["host"] != "" || call.Tags["service"] == "machine" || call.Tags["env"] != "mine" {
		t.Errorf("%+v", call.Tags)
	}
	if requests.Load() != 0 {
		t.Error("something was sent")
	}
}

func TestAnApplicationThatStartsItsTracerIsRecorded(t *testing.T) {
	spans := llmobstest.Start(t)
	_ = offer(t.Context(), "umbrella")
	if err := tracer.Start(tracer.WithMLApp("shop"), tracer.WithAgentURL("http://localhost:1")); err != nil {
		t.Fatal(err)
	}
	_ = offer(t.Context(), "umbrella")
	tracer.Stop()
	other, err := llmobs.NewTracer(tracer.WithMLApp("other"))
	if err != nil {
		t.Fatal(err)
	}
	task, _ := other.StartTaskSpan(t.Context(), "aside")
	task.Finish()
	apps := ""
	for _, span := range spans.Spans() {
		apps += span.MLApp + " "
	}
	if apps != "test test test shop shop shop other " {
		t.Error(apps)
	}
}

func TestWhatWasBeforeGoesOnAfterwards(t *testing.T) {
	outer := llmobstest.Start(t)
	t.Run("inner", func(t *testing.T) {
		inner := llmobstest.Start(t)
		_ = offer(t.Context(), "umbrella")
		if len(inner.Spans()) != 3 {
			t.Error(inner)
		}
	})
	if len(outer.Spans()) != 0 {
		t.Error(outer)
	}
	_ = offer(t.Context(), "umbrella")
	if len(outer.Spans()) != 3 {
		t.Error(outer)
	}
}

func TestRecordersOfParallelTests(t *testing.T) {
	for number := range 4 {
		t.Run(fmt.Sprint(number), func(t *testing.T) {
			t.Parallel()
			spans, err := llmobstest.New(tracer.WithMLApp(fmt.Sprint("app", number)))
			if err != nil {
				t.Fatal(err)
			}
			spans.Bind(t)
			for range number + 1 {
				_ = offer(spans.Context(t.Context()), "umbrella")
			}
			if got := spans.Spans(); len(got) != 3*(number+1) || got[0].MLApp != fmt.Sprint("app", number) {
				t.Error(spans)
			}
		})
	}
}

func TestOpenSpansAndReset(t *testing.T) {
	spans := llmobstest.Start(t)
	_ = offer(t.Context(), "umbrella")
	open, _ := llmobs.StartTaskSpan(t.Context(), "open")
	if spans.Open() != 1 || len(spans.Named("open")) != 0 {
		t.Error(spans.Open())
	}
	spans.Reset()
	if len(spans.Spans()) != 0 || spans.String() != "nothing was recorded" {
		t.Error(spans)
	}
	open.Finish()
	if spans.Open() != 0 || len(spans.Spans()) != 1 {
		t.Error(spans)
	}
}

// failing notes what would fail a test.
type failing struct {
	testing.TB
	said     string
	cleanups []func()
}

func (f *failing) Helper()               {}
func (f *failing) Name() string          { return "failing" }
func (f *failing) Setenv(string, string) {}
func (f *failing) Cleanup(run func())    { f.cleanups = append(f.cleanups, run) }
func (f *failing) Error(arguments ...any) {
	f.said += fmt.Sprint(arguments...)
}
func (f *failing) Fatalf(format string, arguments ...any) {
	f.said += fmt.Sprintf(format, arguments...)
	panic(f)
}

func TestALossFailsTheTest(t *testing.T) {
	of := &failing{TB: t}
	spans := llmobstest.Start(of, tracer.WithQueueBytes(10_000))
	for range 30 {
		_ = offer(t.Context(), "umbrella")
		spans.Spans()
	}
	if spans.Lost() == 0 || spans.Lost()+len(spans.Spans()) != 90 {
		t.Error(spans.Lost(), len(spans.Spans()))
	}
	for _, run := range of.cleanups {
		run()
	}
	if !strings.Contains(of.said, "no room in the 10000 bytes") {
		t.Error(of.said)
	}
	if llmobs.Default().Enabled() {
		t.Error("the tracer still runs")
	}
}

func TestANameThatIsNotThereShowsWhatIs(t *testing.T) {
	of := &failing{TB: t}
	spans := llmobstest.Start(of)
	defer func() {
		if recover() != of || !strings.Contains(of.said, `0 spans are named "nobody", not 1; recorded:`) || !strings.Contains(of.said, "└─ price") {
			t.Error(of.said)
		}
		for _, run := range of.cleanups {
			run()
		}
	}()
	_ = offer(t.Context(), "umbrella")
	spans.Span("nobody")
}

func TestStartRefusesParallelTests(t *testing.T) {
	t.Run("parallel", func(t *testing.T) {
		t.Parallel()
		defer func() {
			if recover() == nil {
				t.Error("two tests would see each other's spans")
			}
		}()
		llmobstest.Start(t)
	})
}

func TestIdsThatMakeARingAreShown(t *testing.T) {
	spans := llmobstest.Start(t)
	for _, ids := range [][2]string{{"1", "2"}, {"2", "1"}} {
		_, err := llmobs.RecordSpan(t.Context(), llmobs.RecordedSpan{
			Kind: "task", Name: ids[0], SpanID: ids[0], ParentSpanID: ids[1], ParentTraceID: "9", Start: time.Unix(1, 0), End: time.Unix(2, 0),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if got := spans.Tree(); got != "task       1\ntask       └─ 2" {
		t.Error(got)
	}
}
