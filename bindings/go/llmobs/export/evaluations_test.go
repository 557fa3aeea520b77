// Evaluations, and what is wrong with a client.

package export_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/witspan/witspan-go/llmobs/export"
)

func of[T any](value T) *T { return &value }

func TestEvaluationsArriveWhole(t *testing.T) {
	receiver := listen(t, nil)
	result, err := receiver.client(t).SubmitEvaluations(t.Context(), []export.EvaluationMetric{
		{
			SpanID: "5", TraceID: "7", Label: "tone", CategoricalValue: of("kind"), Tags: []string{"a:b"}, MLApp: "own",
			TimestampMS: 1_700_000_000_000, Assessment: "pass", Reasoning: "because", Metadata: fields{"m": 1},
		},
		{TagKey: "k", TagValue: "v", Label: "score", ScoreValue: of(0.5), Timestamp: time.UnixMilli(5)},
		{SpanID: "5", TraceID: "7", Label: "yes", BooleanValue: of(false)},
		{SpanID: "5", TraceID: "7", Label: "a.b", JSONValue: fields{"x": 1}, Assessment: "meh"},
	}, export.WithCallMLApp("call"), export.WithCallMLApp(""))
	if err != nil {
		t.Fatal(err)
	}
	check(t, result, 4, 4, 0, 0)
	got := receiver.evaluations(t)
	same(t, "values", []any{got[0]["categorical_value"], got[1]["score_value"], got[2]["boolean_value"], got[3]["json_value"]},
		[]any{"kind", 0.5, false, fields{"x": 1}})
	same(t, "joins", []any{got[0]["join_on"], got[1]["join_on"]},
		[]any{fields{"span": fields{"span_id": "5", "trace_id": "7"}}, fields{"tag": fields{"key": "k", "value": "v"}}})
	same(t, "said", []any{got[0]["ml_app"], got[1]["ml_app"], got[0]["timestamp_ms"], got[1]["timestamp_ms"], got[0]["assessment"], got[0]["reasoning"], got[0]["metadata"]},
		[]any{"own", "call", int64(1_700_000_000_000), int64(5), "pass", "because", fields{"m": 1}})
	same(t, "converted", []any{got[3]["label"], got[3]["metadata"]}, []any{"a_b", fields{"assessment": "meh"}})
	if len(result.Warnings) != 2 || result.Warnings[0].Index != 3 {
		t.Errorf("%+v", result.Warnings)
	}
}

func TestAnEvaluationThatIsWrongCostsOnlyItself(t *testing.T) {
	receiver := listen(t, nil)
	good := export.EvaluationMetric{SpanID: "5", TraceID: "7", Label: "l", ScoreValue: of(1.0)}
	wrong := []struct {
		code   export.ErrorCode
		change func(*export.EvaluationMetric)
	}{
		{export.CodeMissingLabel, func(m *export.EvaluationMetric) { m.Label = "" }},
		{export.CodeInvalidJoin, func(m *export.EvaluationMetric) { m.TagKey = "k" }},
		{export.CodeInvalidJoin, func(m *export.EvaluationMetric) { m.SpanID, m.TraceID = "", "" }},
		{export.CodeInvalidJoin, func(m *export.EvaluationMetric) { m.TraceID = "" }},
		{export.CodeInvalidJoin, func(m *export.EvaluationMetric) { m.SpanID, m.TraceID, m.TagKey = "", "", "k" }},
		{export.CodeInvalidValue, func(m *export.EvaluationMetric) { m.ScoreValue = nil }},
		{export.CodeInvalidValue, func(m *export.EvaluationMetric) { m.BooleanValue = of(true) }},
		{export.CodeInvalidValue, func(m *export.EvaluationMetric) { m.ScoreValue, m.JSONValue = nil, fields{} }},
		{export.CodeInvalidValue, func(m *export.EvaluationMetric) { m.ScoreValue = of(math.NaN()) }},
		{export.CodeTypeMismatch, func(m *export.EvaluationMetric) { m.MetricType = export.MetricTypeBoolean }},
		{export.CodeInvalidValue, func(m *export.EvaluationMetric) { m.TimestampMS = -1 }},
		{export.CodeTooLarge, func(m *export.EvaluationMetric) { m.Reasoning = strings.Repeat("x", 5_200_000) }},
	}
	rows := []export.EvaluationMetric{good}
	for _, one := range wrong {
		row := good
		one.change(&row)
		rows = append(rows, row, good)
	}
	result, err := receiver.client(t).SubmitEvaluations(t.Context(), rows)
	if err != nil {
		t.Fatal(err)
	}
	check(t, result, len(rows), len(wrong)+1, len(wrong), 0)
	for at, invalid := range result.ValidationErrors {
		if invalid.Index != 2*at+1 || invalid.Code != wrong[at].code || !strings.Contains(invalid.Error(), string(wrong[at].code)) {
			t.Errorf("row %d: %v, want %s", 2*at+1, invalid, wrong[at].code)
		}
	}
	if got := receiver.evaluations(t); len(got) != len(wrong)+1 {
		t.Errorf("%d arrived", len(got))
	}
}

func TestAClientThatCannotSendIsAnError(t *testing.T) {
	t.Setenv("DD_API_KEY", "")
	t.Setenv("DD_LLMOBS_OVERRIDE_ORIGIN", "")
	agent := export.WithAgentURL("http://localhost:8126")
	for what, make := range map[string]func() (*export.Client, error){
		"no app":   func() (*export.Client, error) { return export.NewClient("", agent) },
		"no route": func() (*export.Client, error) { return export.NewClient("app") },
		"two routes": func() (*export.Client, error) {
			return export.NewClient("app", agent, export.WithDatadogIntake("", "k"))
		},
		"no key": func() (*export.Client, error) { return export.NewClient("app", export.WithDatadogIntake("", "")) },
		"a key that no header can hold": func() (*export.Client, error) {
			return export.NewClient("app", export.WithDatadogIntake("", "schlüssel"))
		},
		"no host":   func() (*export.Client, error) { return export.NewClient("app", export.WithAgentURL("http://")) },
		"no path":   func() (*export.Client, error) { return export.NewClient("app", export.WithAgentURL("unix://")) },
		"no scheme": func() (*export.Client, error) { return export.NewClient("app", export.WithAgentURL("localhost:8126")) },
		"a query":   func() (*export.Client, error) { return export.NewClient("app", export.WithAgentURL("http://h?x=1")) },
		"a control": func() (*export.Client, error) {
			return export.NewClient("app", export.WithAgentURL("http://u:secret@h\x00"))
		},
	} {
		client, err := make()
		if err == nil || client != nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", what, err)
		}
	}
	t.Setenv("DD_API_KEY", "0123456789abcdef0123456789abcdef")
	if _, err := export.NewClient("app", export.WithDatadogIntake("", "")); err != nil {
		t.Error("the key of the environment:", err)
	}
}
