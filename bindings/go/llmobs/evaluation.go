// Evaluations of spans, traces and sessions, and feedback on them.

package llmobs

import (
	"errors"
	"maps"
	"reflect"
	"strings"
	"time"

	"github.com/witspan/witspan-go/internal/engine"
	"github.com/witspan/witspan-go/internal/values"
)

// EvaluationValue is a value of an evaluation: a bool is sent as boolean, a text as categorical, a number as
// score.
type EvaluationValue interface {
	~bool | ~string | ~int | ~int8 | ~int16 | ~int32 | ~int64 |
		~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// EvaluatedSpan is a span that is evaluated: any Span, also one of another process by its ids.
type EvaluatedSpan interface {
	SpanID() string
	TraceID() string
}

// JoinTag finds the evaluated span by a tag that only this span has.
type JoinTag struct{ Key, Value string }

// EvaluationOption says more of an evaluation. Zero members say nothing.
type EvaluationOption struct {
	// Tags are texts of the form key:value; one without a colon is a key with an empty value.
	Tags []string
	// MLApp is the ML app; default that of the settings.
	MLApp string
	// Timestamp is when it was made; zero for now.
	Timestamp time.Time
	// Reasoning says why.
	Reasoning string
	// Assessment is pass or fail.
	Assessment string
	// Metadata is anything else.
	Metadata map[string]any
	// Scope is span (default) or trace; then the span is the root of the trace.
	Scope string
	// Tracer sends it; default that of the span, else the global one.
	Tracer *Tracer
}

// WithEvaluationTags adds tags of the form key:value.
func WithEvaluationTags(tags []string) EvaluationOption { return EvaluationOption{Tags: tags} }

// WithEvaluationMLApp sets the ML app.
func WithEvaluationMLApp(mlApp string) EvaluationOption { return EvaluationOption{MLApp: mlApp} }

// WithEvaluationTimestamp says when the evaluation was made; the zero time says now.
func WithEvaluationTimestamp(t time.Time) EvaluationOption { return EvaluationOption{Timestamp: t} }

// WithEvaluationReasoning says why the value is what it is.
func WithEvaluationReasoning(reasoning string) EvaluationOption {
	return EvaluationOption{Reasoning: reasoning}
}

// WithEvaluationAssessment says whether the evaluation is passed: pass or fail.
func WithEvaluationAssessment(assessment string) EvaluationOption {
	return EvaluationOption{Assessment: assessment}
}

// WithEvaluationMetadata adds anything else.
func WithEvaluationMetadata(metadata map[string]any) EvaluationOption {
	return EvaluationOption{Metadata: metadata}
}

// Evaluation is the result of an evaluation, with everything that can be said of one. Of the evaluated item
// exactly one is said: Span, Tag or SessionID.
type Evaluation struct {
	// Label names what is evaluated: at most 200 letters, digits and _, of which the first is a letter. Any
	// other is corrected, but one with a dot is refused.
	Label string
	// MetricType is categorical, score, boolean or json; default by the value.
	MetricType string
	// Value is a text, a finite number, a bool, or an object.
	Value any
	// Span is the evaluated span.
	Span EvaluatedSpan
	// Tag finds the evaluated span.
	Tag *JoinTag
	// SessionID is the evaluated session.
	SessionID string
	// Status is OK, WARN (skipped) or ERROR (the evaluator failed); default OK.
	Status string
	// Error says what the evaluator failed with.
	Error error
	EvaluationOption
}

// SubmitEvaluationFromSpan sends an evaluation of a span. The error is an ErrInvalidArgument, with the
// argument and what is accepted, or nil, also where tracing is off.
func SubmitEvaluationFromSpan[T EvaluationValue](label string, value T, span EvaluatedSpan, opts ...EvaluationOption) error {
	return SubmitEvaluation(Evaluation{
		Label: label, Value: value, Span: span, EvaluationOption: together(opts),
	})
}

// SubmitEvaluationFromTag sends an evaluation of the span that has a tag; see SubmitEvaluationFromSpan.
func SubmitEvaluationFromTag[T EvaluationValue](label string, value T, tag JoinTag, opts ...EvaluationOption) error {
	return SubmitEvaluation(Evaluation{
		Label: label, Value: value, Tag: &tag, EvaluationOption: together(opts),
	})
}

func together(opts []EvaluationOption) (all EvaluationOption) {
	for at := range opts {
		option := &opts[at]
		all.Tags = append(all.Tags, option.Tags...)
		all.MLApp = last(all.MLApp, option.MLApp)
		all.Reasoning = last(all.Reasoning, option.Reasoning)
		all.Assessment = last(all.Assessment, option.Assessment)
		all.Scope = last(all.Scope, option.Scope)
		if !option.Timestamp.IsZero() {
			all.Timestamp = option.Timestamp
		}
		if option.Metadata != nil {
			all.Metadata = maps.Clone(all.Metadata)
			if all.Metadata == nil {
				all.Metadata = map[string]any{}
			}
			maps.Copy(all.Metadata, option.Metadata)
		}
		if option.Tracer != nil {
			all.Tracer = option.Tracer
		}
	}
	return all
}

func last(former, later string) string {
	if later != "" {
		return later
	}
	return former
}

// SubmitEvaluation sends an evaluation. The error is an ErrInvalidArgument or nil, also where tracing is
// off.
func SubmitEvaluation(evaluation Evaluation) error {
	tracer := evaluation.tracing(evaluation.Span)
	if tracer == nil || lacksSpan(tracer, evaluation.Span) {
		return nil
	}
	w := values.Get()
	defer w.Put()
	w.Begin()
	member(w, "label", evaluation.Label)
	kind, value := valueOf(evaluation.Value)
	member(w, "metric_type", last(kind, evaluation.MetricType))
	if value != nil {
		w.Member("value")
		w.Value(value)
	}
	evaluatedSpan(w, evaluation.Span)
	if evaluation.Tag != nil {
		w.Member("span_with_tag_value")
		w.ObjectBegin()
		w.Key("tag_key")
		w.Text(evaluation.Tag.Key)
		w.Key("tag_value")
		w.Text(evaluation.Tag.Value)
		w.ObjectEnd()
	}
	scope := evaluation.Scope
	if evaluation.SessionID != "" {
		member(w, "session_id", evaluation.SessionID)
		scope = last("session", scope)
	}
	member(w, "eval_scope", scope)
	member(w, "status", evaluation.Status)
	if evaluation.Error != nil {
		failed(w, evaluation.Error, evaluation.Status)
	}
	evaluation.write(w)
	w.End()
	return submit(tracer, w, false, value == nil)
}

// evaluationNames are members of Evaluation and Feedback by the names that the core has for them.
var evaluationNames = strings.NewReplacer(
	"`metric_type`", "`MetricType`", "`span_with_tag_value`", "`Tag`", "`session_id`", "`SessionID`",
	"`eval_scope`", "`Scope`", "`timestamp_ms`", "`Timestamp`", "`submitter`", "`SubmitterID`",
	"`submitter.id`", "`SubmitterID`", "`submitter.type`", "`SubmitterType`", "`span_id`", "`SpanID`",
	"`trace_id`", "`TraceID`", "`feedback_join_key`", "`FeedbackJoinKey`",
)

// submit passes on what w has. Without a value the core misses the type, which the caller need not say.
func submit(tracer *engine.Tracer, w *values.Writer, feedback, lacksValue bool) error {
	err := argument(tracer.Submit(w.View(), feedback), evaluationNames)
	var wrong *ArgumentError
	if lacksValue && errors.As(err, &wrong) && wrong.Field == "MetricType" {
		const message = "`value` is nil; accepted: a text, a number, a bool or an object, or a `MetricType` beside it"
		return &ArgumentError{Field: "value", Message: message}
	}
	return err
}

func (o *EvaluationOption) tracing(span EvaluatedSpan) *engine.Tracer {
	if o.Tracer != nil {
		return o.Tracer.engine
	}
	if of, is := span.(interface{ self() *base }); is {
		if span := of.self(); span != nil && span.tracer != nil {
			return span.tracer
		}
	}
	return engine.Global()
}

// write writes what evaluations and feedback both have.
func (o *EvaluationOption) write(w *values.Writer) {
	member(w, "ml_app", o.MLApp)
	if !o.Timestamp.IsZero() {
		w.Member("timestamp_ms")
		w.Int(o.Timestamp.UnixMilli())
	}
	if len(o.Tags) > 0 {
		w.Member("tags")
		tags := map[string]string{}
		for _, tag := range o.Tags {
			key, value, _ := strings.Cut(tag, ":")
			tags[key] = value
		}
		w.ObjectBegin()
		texts(w, tags)
		w.ObjectEnd()
	}
	if o.Metadata != nil {
		w.Member("metadata")
		w.Value(o.Metadata)
	}
	member(w, "assessment", o.Assessment)
	member(w, "reasoning", o.Reasoning)
}

func member(w *values.Writer, name, text string) { writeText(w, name, 0, text) }

func evaluatedSpan(w *values.Writer, span EvaluatedSpan) {
	if span == nil {
		return
	}
	spanID, traceID := idsOf(span)
	w.Member("span")
	w.ObjectBegin()
	w.Key("span_id")
	w.Text(spanID)
	w.Key("trace_id")
	w.Text(traceID)
	w.ObjectEnd()
}

// idsOf asks a span for its ids; it may be the application's, and a nil one.
func idsOf(span EvaluatedSpan) (spanID, traceID string) {
	defer func() {
		if cause := recover(); cause != nil {
			spanID, traceID = "", ""
		}
	}()
	return span.SpanID(), span.TraceID()
}

// lacksSpan says whether the evaluated span is one of ours that is not kept, because tracing was off or there
// was no memory for it. A working program meets that too, so it is no wrong argument.
func lacksSpan(tracer *engine.Tracer, span EvaluatedSpan) bool {
	of, is := span.(interface{ self() *base })
	if !is || of.self() == nil || of.self().SpanID() != "" {
		return false
	}
	if !tracer.IsOver() {
		tracer.Warn("an evaluation is left out: its span is not kept")
	}
	return true
}

func failed(w *values.Writer, err error, status string) {
	if status == "" {
		member(w, "status", "ERROR")
	}
	w.Member("error")
	w.ObjectBegin()
	w.Key("type")
	w.Text(typeOf(err))
	w.Key("message")
	w.Text(said(err))
	w.ObjectEnd()
}

// valueOf gives the type of metric that a value is of, and the value without a name of its type.
func valueOf(value any) (kind string, plain any) {
	of := reflect.ValueOf(value)
	switch {
	case !of.IsValid():
		return "", nil
	case of.Kind() == reflect.Bool:
		return "boolean", of.Bool()
	case of.Kind() == reflect.String:
		return "categorical", of.String()
	case of.CanInt():
		return "score", of.Int()
	case of.CanUint():
		return "score", of.Uint()
	case of.CanFloat():
		return "score", of.Float()
	}
	return "json", value
}

// Feedback is what a user or an agent says of a span, a trace or a session. Of the item that it is about
// exactly one is said: Span, SpanID, TraceID, SessionID or FeedbackJoinKey.
type Feedback struct {
	// Label as in Evaluation.
	Label string
	// MetricType is categorical, score, boolean, json or text; default by the value.
	MetricType string
	Value      any
	// SubmitterID and SubmitterType say who says it; the type is user, agent, or any other text.
	SubmitterID, SubmitterType string

	Span            EvaluatedSpan
	SpanID          string
	TraceID         string
	SessionID       string
	FeedbackJoinKey string

	Tags      map[string]string
	MLApp     string
	Timestamp time.Time
	Reasoning string
	// Assessment is pass or fail.
	Assessment string
	// Tracer sends it; default that of the span, else the global one.
	Tracer *Tracer
}

// SubmitFeedback sends the feedback of a user or an agent. The error is an ErrInvalidArgument or nil, also
// where tracing is off.
func SubmitFeedback(feedback Feedback) error {
	shared := EvaluationOption{
		MLApp: feedback.MLApp, Timestamp: feedback.Timestamp, Reasoning: feedback.Reasoning,
		Assessment: feedback.Assessment, Tracer: feedback.Tracer,
	}
	tracer := shared.tracing(feedback.Span)
	if tracer == nil || lacksSpan(tracer, feedback.Span) {
		return nil
	}
	w := values.Get()
	defer w.Put()
	w.Begin()
	member(w, "label", feedback.Label)
	kind, value := valueOf(feedback.Value)
	member(w, "metric_type", last(kind, feedback.MetricType))
	if value != nil {
		w.Member("value")
		w.Value(value)
	}
	w.Member("submitter")
	w.ObjectBegin()
	optional(w, "id", feedback.SubmitterID)
	optional(w, "type", feedback.SubmitterType)
	w.ObjectEnd()
	evaluatedSpan(w, feedback.Span)
	member(w, "span_id", feedback.SpanID)
	member(w, "trace_id", feedback.TraceID)
	member(w, "session_id", feedback.SessionID)
	member(w, "feedback_join_key", feedback.FeedbackJoinKey)
	if len(feedback.Tags) > 0 {
		w.Member("tags")
		w.ObjectBegin()
		texts(w, feedback.Tags)
		w.ObjectEnd()
	}
	shared.write(w)
	w.End()
	return submit(tracer, w, true, value == nil)
}
