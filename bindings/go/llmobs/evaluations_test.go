// Evaluations and feedback: what is sent, and what the caller learns of a wrong one.

package llmobs_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/witspan/witspan-go/llmobs"
	"github.com/witspan/witspan-go/tracer"
)

type (
	verdict  string
	passed   bool
	distance float32
	steps    uint8
)

// elsewhere is a span of another process.
type elsewhere struct{}

func (elsewhere) SpanID() string  { return "12" }
func (elsewhere) TraceID() string { return "0000000000000000000000000000000a" }

func TestAnEvaluationHasTheTypeOfItsValueAlsoOfANamedType(t *testing.T) {
	box := global(t)
	from := func(err error) {
		t.Helper()
		if err != nil {
			t.Error(err)
		}
	}
	from(llmobs.SubmitEvaluationFromSpan("bool", true, elsewhere{}))
	from(llmobs.SubmitEvaluationFromSpan("named_bool", passed(false), elsewhere{}))
	from(llmobs.SubmitEvaluationFromSpan("text", "good", elsewhere{}))
	from(llmobs.SubmitEvaluationFromSpan("named_text", verdict("bad"), elsewhere{}))
	from(llmobs.SubmitEvaluationFromSpan("int", -1, elsewhere{}))
	from(llmobs.SubmitEvaluationFromSpan("int64", int64(2), elsewhere{}))
	from(llmobs.SubmitEvaluationFromSpan("uint", uint(3), elsewhere{}))
	from(llmobs.SubmitEvaluationFromSpan("named_uint", steps(4), elsewhere{}))
	from(llmobs.SubmitEvaluationFromSpan("float", 0.5, elsewhere{}))
	from(llmobs.SubmitEvaluationFromSpan("named_float", distance(0.25), elsewhere{}))
	from(llmobs.SubmitEvaluation(llmobs.Evaluation{Label: "object", Value: map[string]any{"a": 1}, Span: elsewhere{}}))
	expected := map[string]any{
		"bool": true, "named_bool": false, "text": "good", "named_text": "bad", "int": -1.0, "int64": 2.0, "uint": 3.0,
		"named_uint": 4.0, "float": 0.5, "named_float": 0.25,
	}
	sent := box.evaluations(t)
	equal(t, "evaluations", len(sent), len(expected)+1)
	for _, one := range sent {
		label, kind := one["label"].(string), one["metric_type"].(string)
		if label == "object" {
			same(t, "object", one["json_value"], `{"a": 1}`)
			continue
		}
		equal(t, label, one[kind+"_value"], expected[label])
	}
	equal(t, "delivered", llmobs.Stats().Evaluations.Delivered, uint64(len(sent)))
}

func TestAnEvaluationIsOfASpanATagASessionOrATrace(t *testing.T) {
	box := global(t)
	span, _ := llmobs.StartLLMSpan(within(t), "span")
	at := time.UnixMilli(1_700_000_000_123)
	for _, err := range []error{
		llmobs.SubmitEvaluationFromSpan("of_span", 1, span, llmobs.WithEvaluationTags([]string{"a:b:c", "plain"}),
			llmobs.WithEvaluationMLApp("app"), llmobs.WithEvaluationTimestamp(at), llmobs.WithEvaluationReasoning("why"),
			llmobs.WithEvaluationAssessment("pass"), llmobs.WithEvaluationMetadata(map[string]any{"k": 1})),
		llmobs.SubmitEvaluationFromTag("of_tag", "x", llmobs.JoinTag{Key: "k", Value: "v"}),
		llmobs.SubmitEvaluation(llmobs.Evaluation{Label: "of_session", Value: 1, SessionID: "s"}),
		llmobs.SubmitEvaluation(llmobs.Evaluation{
			Label: "of_trace", Value: 1, Span: span, EvaluationOption: llmobs.EvaluationOption{Scope: "trace"},
		}),
		llmobs.SubmitEvaluation(llmobs.Evaluation{Label: "failed", Value: 1, Span: span, Error: panicking{}}),
	} {
		if err != nil {
			t.Error(err)
		}
	}
	span.Finish()
	byLabel := map[string]map[string]any{}
	for _, one := range box.evaluations(t) {
		byLabel[one["label"].(string)] = one
	}
	equal(t, "evaluations", len(byLabel), 5)
	of := byLabel["of_span"]
	same(t, "join", of["join_on"], `{"span": {"span_id": "`+span.SpanID()+`", "trace_id": "`+span.TraceID()+`"}}`)
	equal(t, "timestamp", of["timestamp_ms"], any(1_700_000_000_123.0))
	equal(t, "app", of["ml_app"], any("app"))
	equal(t, "reasoning", of["reasoning"], any("why"))
	equal(t, "assessment", of["assessment"], any("pass"))
	same(t, "join", byLabel["of_tag"]["join_on"], `{"tag": {"key": "k", "value": "v"}}`)
	equal(t, "scope", byLabel["of_trace"]["eval_scope"], any("trace"))
}

func TestAWrongEvaluationSaysWhatIsWrongAndIsCounted(t *testing.T) {
	made, _, _ := recorded(t)
	err := made.SubmitEvaluation(llmobs.Evaluation{Label: "a.b", Value: 1, Span: elsewhere{}})
	var argument *llmobs.ArgumentError
	if !errors.Is(err, llmobs.ErrInvalidArgument) || !errors.As(err, &argument) {
		t.Fatal(err)
	}
	if argument.Field != "label" || !strings.Contains(err.Error(), argument.Message) {
		t.Errorf("%+v", argument)
	}
	for name, wrong := range map[string]llmobs.Evaluation{
		"nothing": {}, "no item": {Label: "l", Value: 1}, "nil value": {Label: "l", Span: elsewhere{}},
		"two items":  {Label: "l", Value: 1, Span: elsewhere{}, Tag: &llmobs.JoinTag{Key: "a", Value: "b"}},
		"wrong type": {Label: "l", MetricType: "weight", Value: 1, Span: elsewhere{}},
	} {
		if err := made.SubmitEvaluation(wrong); !errors.Is(err, llmobs.ErrInvalidArgument) {
			t.Error(name, ": ", err)
		}
	}
	counts := made.Stats()
	if counts.EvaluationsRejected != 6 || counts.Evaluations.Accepted != 0 {
		t.Errorf("%+v", counts)
	}
}

func TestAValueOfTheWrongTypeIsSentAsAnEvaluationThatFailed(t *testing.T) {
	made, _, box := recorded(t)
	for _, value := range []any{make(chan int), "abc"} {
		if err := made.SubmitEvaluation(llmobs.Evaluation{Label: "l", MetricType: "score", Value: value, Span: elsewhere{}}); err != nil {
			t.Error(err)
		}
	}
	sent := box.evaluations(t)
	equal(t, "evaluations", len(sent), 2)
	for _, one := range sent {
		equal(t, "status", one["status"], any("ERROR"))
	}
	equal(t, "warnings", made.Stats().Warnings, 2)
}

func TestAnEvaluationOfASpanThatIsNotKeptIsNoErrorAndCounted(t *testing.T) {
	made, ctx, box := recorded(t, tracer.WithOpenBytes(1))
	span, _ := llmobs.StartLLMSpan(ctx, "not kept")
	equal(t, "id", span.SpanID(), "")
	if err := llmobs.SubmitEvaluationFromSpan("l", 1, span); err != nil {
		t.Error(err)
	}
	if err := llmobs.SubmitFeedback(llmobs.Feedback{Label: "l", Value: 1, SubmitterID: "u", Span: span}); err != nil {
		t.Error(err)
	}
	equal(t, "warnings", made.Stats().Warnings, 2)
	equal(t, "evaluations", len(box.evaluations(t)), 0)
}

func TestFeedbackIsOnAnyOfFiveItems(t *testing.T) {
	made, ctx, box := recorded(t)
	span, _ := llmobs.StartLLMSpan(ctx, "span")
	defer span.Finish()
	for name, item := range map[string]llmobs.Feedback{
		"span": {Span: span}, "span_id": {SpanID: span.SpanID()}, "trace": {TraceID: span.TraceID()},
		"session": {SessionID: "s"}, "key": {FeedbackJoinKey: "k"},
	} {
		item.Label, item.Value, item.SubmitterID, item.SubmitterType = name, true, "u1", "user"
		item.Tags, item.Reasoning, item.Assessment = map[string]string{"a": "b"}, "why", "fail"
		item.Timestamp = time.UnixMilli(5)
		if err := made.SubmitFeedback(item); err != nil {
			t.Error(name, ": ", err)
		}
	}
	labels := map[string]bool{}
	for _, one := range box.evaluations(t) {
		labels[one["label"].(string)] = true
	}
	equal(t, "feedback", len(labels), 5)
	err := made.SubmitFeedback(llmobs.Feedback{Label: "l", Value: true, SubmitterID: "u"})
	if !errors.Is(err, llmobs.ErrInvalidArgument) {
		t.Error(err)
	}
}
