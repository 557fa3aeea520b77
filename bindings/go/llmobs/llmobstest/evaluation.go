// Recorded evaluations and feedback.

package llmobstest

import "time"

// Evaluation is an evaluation as it would be sent.
type Evaluation struct {
	Label string
	// MetricType is categorical, score, boolean or json; of feedback also text.
	MetricType string
	// Value is a string, a float64, a bool or a map[string]any; nil for an evaluator that has skipped or failed.
	Value any
	// Of the evaluated item one is said: the ids of a span, a tag, or a session.
	SpanID, TraceID  string
	TagKey, TagValue string
	SessionID        string
	// Scope is span, trace or session.
	Scope string
	MLApp string
	// Status is OK, WARN or ERROR.
	Status     string
	Error      *Error
	Assessment string
	Reasoning  string
	Tags       map[string]string
	Metadata   map[string]any
	Timestamp  time.Time
	// Raw is everything, by the names of Datadog's intake.
	Raw map[string]any
}

// Feedback is what a user or an agent said, as it would be sent.
type Feedback struct {
	Label      string
	MetricType string
	// Value is as in Evaluation.
	Value                      any
	SubmitterID, SubmitterType string
	// Of the item that it is about one is said.
	SpanID, TraceID, SessionID, FeedbackJoinKey string

	MLApp      string
	Assessment string
	Reasoning  string
	Tags       map[string]string
	Timestamp  time.Time
	// Raw is everything, by the names of Datadog's intake.
	Raw map[string]any
}

// Evaluations gives the evaluations, in the order in which they were submitted.
func (r *Recorder) Evaluations() []Evaluation {
	r.flush()
	_, evaluations, _, err := r.memory.read()
	if err != nil {
		r.fail("llmobstest: a request cannot be read: %v", err)
	}
	return evaluations
}

// Feedback gives the feedback of users and agents, in the order in which it was submitted.
func (r *Recorder) Feedback() []Feedback {
	r.flush()
	_, _, feedback, err := r.memory.read()
	if err != nil {
		r.fail("llmobstest: a request cannot be read: %v", err)
	}
	return feedback
}

// sentMetric is an evaluation or feedback in the format of the intake.
type sentMetric struct {
	Kind       string `json:"event_kind"`
	Label      string `json:"label"`
	MetricType string `json:"metric_type"`
	Join       struct {
		Span struct {
			SpanID  string `json:"span_id"`
			TraceID string `json:"trace_id"`
		} `json:"span"`
		Tag struct {
			Key   string `json:"key"`
			Value string `json:"value"`
		} `json:"tag"`
	} `json:"join_on"`
	SpanID    string `json:"span_id"`
	TraceID   string `json:"trace_id"`
	SessionID string `json:"session_id"`
	JoinKey   string `json:"feedback_join_key"`
	Submitter struct {
		ID   string `json:"id"`
		Type string `json:"type"`
	} `json:"submitter"`
	Scope      string         `json:"eval_scope"`
	MLApp      string         `json:"ml_app"`
	Status     string         `json:"status"`
	Error      *Error         `json:"error"`
	Assessment string         `json:"assessment"`
	Reasoning  string         `json:"reasoning"`
	Tags       []string       `json:"tags"`
	Metadata   map[string]any `json:"metadata"`
	Timestamp  int64          `json:"timestamp_ms"`
	raw        map[string]any
}

func metricOf(text []byte) (sent sentMetric, err error) {
	sent.raw, err = both(text, &sent)
	return sent, err
}

func (s *sentMetric) value() any { return s.raw[s.MetricType+"_value"] }

func (s *sentMetric) evaluation() Evaluation {
	return Evaluation{
		Label: s.Label, MetricType: s.MetricType, Value: s.value(), SpanID: s.Join.Span.SpanID,
		TraceID: s.Join.Span.TraceID, TagKey: s.Join.Tag.Key, TagValue: s.Join.Tag.Value, SessionID: s.SessionID,
		Scope: s.Scope, MLApp: s.MLApp, Status: s.Status, Error: s.Error, Assessment: s.Assessment,
		Reasoning: s.Reasoning, Tags: tagsOf(s.Tags), Metadata: s.Metadata, Timestamp: time.UnixMilli(s.Timestamp),
		Raw: s.raw,
	}
}

func (s *sentMetric) feedback() Feedback {
	return Feedback{
		Label: s.Label, MetricType: s.MetricType, Value: s.value(), SubmitterID: s.Submitter.ID,
		SubmitterType: s.Submitter.Type, SpanID: s.SpanID, TraceID: s.TraceID, SessionID: s.SessionID,
		FeedbackJoinKey: s.JoinKey, MLApp: s.MLApp, Assessment: s.Assessment, Reasoning: s.Reasoning,
		Tags: tagsOf(s.Tags), Timestamp: time.UnixMilli(s.Timestamp), Raw: s.raw,
	}
}
