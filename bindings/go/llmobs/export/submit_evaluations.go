// Evaluations: as the caller fills them in, what is required, and the text of each.

package export

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/witspan/witspan-go/internal/core"
	"github.com/witspan/witspan-go/internal/values"
)

// MetricType is the type of an evaluation's value.
type MetricType string

// The types.
const (
	MetricTypeCategorical MetricType = "categorical"
	MetricTypeScore       MetricType = "score"
	MetricTypeBoolean     MetricType = "boolean"
	MetricTypeJSON        MetricType = "json"
)

// EvaluationMetric is the result of an evaluation of a span, which SpanID and TraceID name, or a tag that only this
// span has.
type EvaluationMetric struct {
	// SpanID and TraceID are as in SpanEvent: ids that are no numbers are found again.
	SpanID   string
	TraceID  string
	TagKey   string
	TagValue string

	// Label names what is evaluated: at most 200 letters, digits and _, of which the first is a letter. Any other
	// is corrected, with a warning.
	Label string
	// MetricType defaults to that of the value.
	MetricType MetricType

	// Exactly one value is set.
	CategoricalValue *string
	ScoreValue       *float64
	BooleanValue     *bool
	JSONValue        map[string]any

	// Tags are texts of the form key:value.
	Tags []string
	// MLApp defaults to that of the call, then to that of the client.
	MLApp string
	// TimestampMS, or else Timestamp, is when it was made; default now.
	TimestampMS int64
	Timestamp   time.Time
	// Assessment is pass or fail; any other text goes into the metadata.
	Assessment string
	Reasoning  string
	Metadata   map[string]any
}

// SubmitEvaluationsOption is an option of one call of [Client.SubmitEvaluations].
type SubmitEvaluationsOption func(*submitEvaluationsConfig)

type submitEvaluationsConfig struct{ mlApp string }

// WithCallMLApp sets the ML app of evaluations of this call that have none; an empty text says nothing.
func WithCallMLApp(mlApp string) SubmitEvaluationsOption {
	return func(config *submitEvaluationsConfig) { config.mlApp = last(config.mlApp, mlApp) }
}

// SubmitEvaluations sends evaluations; everything else is as in [Client.SubmitSpans].
func (c *Client) SubmitEvaluations(ctx context.Context, evals []EvaluationMetric, opts ...SubmitEvaluationsOption) (*Result, error) {
	config := submitEvaluationsConfig{mlApp: c.mlApp}
	for _, option := range opts {
		if option != nil {
			option(&config)
		}
	}
	result := &Result{}
	return c.submit(ctx, len(evals), func(instance *core.Instance, row int) (core.Option[core.DropReason], []core.Warning, bool, error) {
		metric := &evals[row]
		if invalid := metric.check(); invalid != nil {
			return core.Option[core.DropReason]{}, nil, false, *invalid
		}
		text, warnings := metric.text(config.mlApp)
		submitted, err := instance.Submit(text)
		return submitted.Dropped, append(warnings, submitted.Warnings...), submitted.ShouldPoll, err
	}, result)
}

// check says what is wrong with an evaluation; nil if nothing is.
func (m *EvaluationMetric) check() *ValidationError {
	invalid := func(code ErrorCode, reason string) *ValidationError {
		return &ValidationError{Code: code, Reason: reason}
	}
	bySpan, byTag := m.SpanID != "" || m.TraceID != "", m.TagKey != "" || m.TagValue != ""
	kind, _, count := m.value()
	switch {
	case m.Label == "":
		return invalid(CodeMissingLabel, "a label is required")
	case bySpan && byTag:
		return invalid(CodeInvalidJoin, "the span is named by its ids and by a tag; accepted: one of them")
	case !bySpan && !byTag:
		return invalid(CodeInvalidJoin, "no span is named; accepted: its ids, or a tag")
	case bySpan && (m.SpanID == "" || m.TraceID == ""):
		return invalid(CodeInvalidJoin, "both ids are required, of the span and of its trace")
	case byTag && (m.TagKey == "" || m.TagValue == ""):
		return invalid(CodeInvalidJoin, "both are required, the key and the value of the tag")
	case count != 1:
		return invalid(CodeInvalidValue, fmt.Sprintf("%d values are set; accepted: exactly one", count))
	case m.JSONValue != nil && len(m.JSONValue) == 0:
		return invalid(CodeInvalidValue, "the JSON value is empty")
	case m.ScoreValue != nil && (math.IsNaN(*m.ScoreValue) || math.IsInf(*m.ScoreValue, 0)):
		return invalid(CodeInvalidValue, "the score is not finite")
	case m.MetricType != "" && m.MetricType != kind:
		return invalid(CodeTypeMismatch, fmt.Sprintf("the metric type is %q, but the value is of type %s", m.MetricType, kind))
	}
	return nil
}

// value gives the value, its type, and how many are set.
func (m *EvaluationMetric) value() (kind MetricType, value any, count int) {
	for of, found := range map[MetricType]any{
		MetricTypeCategorical: pointed(m.CategoricalValue), MetricTypeScore: pointed(m.ScoreValue),
		MetricTypeBoolean: pointed(m.BooleanValue),
	} {
		if found != nil {
			kind, value, count = of, found, count+1
		}
	}
	if m.JSONValue != nil {
		kind, value, count = MetricTypeJSON, m.JSONValue, count+1
	}
	return kind, value, count
}

func pointed[T any](value *T) any {
	if value == nil {
		return nil
	}
	return *value
}

// text gives the evaluation as the core's submit takes it, and what had to be changed.
func (m *EvaluationMetric) text(mlApp string) (string, []core.Warning) {
	var warnings []core.Warning
	label, metadata, assessment := m.Label, m.Metadata, strings.ToLower(m.Assessment)
	if strings.Contains(label, ".") {
		label = strings.ReplaceAll(label, ".", "_")
		warnings = append(warnings, core.Warning{Field: "label", Message: "`label` has a dot in it; it is sent with `_` in its place"})
	}
	if !slices.Contains([]string{"", "pass", "fail"}, assessment) {
		metadata = maps.Clone(metadata)
		if metadata == nil {
			metadata = map[string]any{}
		}
		metadata["assessment"], assessment = m.Assessment, ""
		warnings = append(warnings, core.Warning{
			Field: "assessment", Message: "`assessment` is neither pass nor fail; it is sent in the metadata",
		})
	}
	kind, value, _ := m.value()
	w := values.Get()
	defer w.Put()
	w.Begin()
	member(w, "label", label)
	member(w, "metric_type", string(kind))
	w.Member("value")
	w.Value(value)
	if m.SpanID != "" {
		w.Member("span")
		object(w, "span_id", spanIDOf(m.SpanID), "trace_id", traceIDOf(m.TraceID))
	} else {
		w.Member("span_with_tag_value")
		object(w, "tag_key", m.TagKey, "tag_value", m.TagValue)
	}
	member(w, "ml_app", last(mlApp, m.MLApp))
	switch {
	case m.TimestampMS != 0:
		w.Member("timestamp_ms")
		w.Int(m.TimestampMS)
	case !m.Timestamp.IsZero():
		w.Member("timestamp_ms")
		w.Int(m.Timestamp.UnixMilli())
	}
	if len(m.Tags) > 0 {
		w.Member("tags")
		w.Value(tagsOf(m.Tags))
	}
	if len(metadata) > 0 {
		w.Member("metadata")
		w.Value(metadata)
	}
	member(w, "assessment", assessment)
	member(w, "reasoning", m.Reasoning)
	w.End()
	return w.String(), warnings
}
