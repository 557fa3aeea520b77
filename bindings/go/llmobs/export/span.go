// Spans that are over, as the caller fills them in.

package export

import (
	"maps"
	"strings"
	"time"
)

// Kind is the kind of a span.
type Kind string

// The kinds. A step is sent as a task with the tag original_kind:step.
const (
	KindLLM       Kind = "llm"
	KindAgent     Kind = "agent"
	KindWorkflow  Kind = "workflow"
	KindTask      Kind = "task"
	KindStep      Kind = "step"
	KindTool      Kind = "tool"
	KindEmbedding Kind = "embedding"
	KindRetrieval Kind = "retrieval"
)

// Status says how a span ended; empty is StatusOK.
type Status = string

// How a span ended.
const (
	StatusOK    Status = "ok"
	StatusError Status = "error"
)

// SpanEvent is a span that is over. Its JSON is that of Datadog's intake, so that events can be kept in files.
type SpanEvent struct {
	// SpanID and TraceID are required. A span id that is no decimal number from 1 to 2^64-1, and a trace id that is
	// neither 32 hexadecimal digits nor decimal, is sent as a number that stands for it, the same wherever the id
	// occurs, and is kept in the tags original_span_id, original_trace_id and original_parent_id. 16 hexadecimal
	// digits, as OpenTelemetry has them, become their own value.
	SpanID  string `json:"span_id,omitempty"`
	TraceID string `json:"trace_id,omitempty"`
	// ParentID is the span above; empty, "0" and "undefined" say that there is none.
	ParentID  string `json:"parent_id,omitempty"`
	SessionID string `json:"session_id,omitempty"`
	// Tags are texts of the form key:value; one without a colon is a key with an empty value. Several values of a
	// key become one, with commas between.
	Tags []string `json:"tags,omitempty"`
	// Name defaults to the kind.
	Name string `json:"name,omitempty"`
	// Service defaults to that of the call, then to that of the client.
	Service string `json:"service,omitempty"`
	// StartNS is in nanoseconds since the Unix epoch, and required.
	StartNS int64 `json:"start_ns,omitempty"`
	// Duration is in nanoseconds.
	Duration int64  `json:"duration,omitempty"`
	Status   Status `json:"status,omitempty"`
	// StatusMessage is the message of the error if Meta has none, otherwise it goes into the metadata.
	StatusMessage string `json:"status_message,omitempty"`
	// Meta has the kind in "span.kind", which is required, and everything else: "input" and "output" (objects with
	// "value", "messages" or "documents"; "input" also with "prompt"), "metadata", "model_name", "model_provider",
	// "error.message", "error.type", "error.stack", "tool_definitions" and "intent". Members of other names, and
	// those that have no place in a span of this kind, go into the metadata.
	Meta map[string]any `json:"meta,omitempty"`
	// Metrics are numbers; one that is not finite is left out, with a warning.
	Metrics map[string]float64 `json:"metrics,omitempty"`
	// CollectionErrors go into the metadata.
	CollectionErrors []string   `json:"collection_errors,omitempty"`
	SpanLinks        []SpanLink `json:"span_links,omitempty"`
	// DDAttributes that say anything else than SpanID and TraceID become tags.
	DDAttributes DDAttributes `json:"_dd"`
}

// SpanLink is a link to another span, whose ids are decimal numbers.
type SpanLink struct {
	// TraceID is the lower half of the trace's id.
	TraceID string `json:"trace_id"`
	// TraceIDHigh is the upper half; 0 if there is none.
	TraceIDHigh uint64            `json:"trace_id_high,omitempty"`
	SpanID      string            `json:"span_id"`
	Attributes  map[string]string `json:"attributes,omitempty"`
	// Tracestate and Flags are W3C's; they are sent as attributes.
	Tracestate string `json:"tracestate,omitempty"`
	Flags      uint32 `json:"flags,omitempty"`
}

// DDAttributes are ids by which other products know the span.
type DDAttributes struct {
	SpanID     string `json:"span_id"`
	TraceID    string `json:"trace_id"`
	APMTraceID string `json:"apm_trace_id"`
	Scope      string `json:"scope,omitempty"`
}

// ErrorMessage says what a span failed with.
type ErrorMessage struct {
	Message string `json:"message,omitempty"`
	Type    string `json:"type,omitempty"`
	Stack   string `json:"stack,omitempty"`
}

// Members of Meta.
const (
	metaKind      = "span.kind"
	metaInput     = "input"
	metaOutput    = "output"
	metaMetadata  = "metadata"
	metaModel     = "model_name"
	metaProvider  = "model_provider"
	metaMessage   = "error.message"
	metaType      = "error.type"
	metaStack     = "error.stack"
	metaTools     = "tool_definitions"
	metaIntent    = "intent"
	metaPrompt    = "prompt"
	metaValue     = "value"
	metaMessages  = "messages"
	metaDocuments = "documents"
)

// noParent is how the intake says that there is no span above.
const noParent = "undefined"

// SpanEventOption fills in a part of a span of [NewSpanEvent].
type SpanEventOption func(*SpanEvent)

// NewSpanEvent makes a span. Timing is required too, see [WithTiming]; everything else can be set as a field.
func NewSpanEvent(traceID, spanID string, kind Kind, opts ...SpanEventOption) SpanEvent {
	event := SpanEvent{
		SpanID: spanID, TraceID: traceID, ParentID: noParent, Name: string(kind), Status: StatusOK,
		Meta:         map[string]any{metaKind: string(kind)},
		DDAttributes: DDAttributes{SpanID: spanID, TraceID: traceID},
	}
	for _, option := range opts {
		option(&event)
	}
	return event
}

// WithTiming says when the span started and how long it took. A duration of 0 is valid, a negative one is not.
func WithTiming(start time.Time, duration time.Duration) SpanEventOption {
	return func(event *SpanEvent) {
		event.StartNS = 0
		if !start.IsZero() {
			event.StartNS = start.UnixNano()
		}
		event.Duration = duration.Nanoseconds()
	}
}

// WithModel names the model of an llm or embedding span.
func WithModel(name, provider string) SpanEventOption {
	return func(event *SpanEvent) {
		meta := event.meta()
		set(meta, metaModel, name)
		set(meta, metaProvider, strings.ToLower(provider))
	}
}

// WithTextIO sets input and output; an empty text is none.
func WithTextIO(input, output string) SpanEventOption {
	return func(event *SpanEvent) {
		meta := event.meta()
		for name, text := range map[string]string{metaInput: input, metaOutput: output} {
			delete(meta, name)
			if text != "" {
				meta[name] = map[string]any{metaValue: text}
			}
		}
	}
}

// WithMetadata sets the metadata; the map is copied.
func WithMetadata(metadata map[string]any) SpanEventOption {
	return func(event *SpanEvent) {
		meta := event.meta()
		delete(meta, metaMetadata)
		if len(metadata) > 0 {
			meta[metaMetadata] = maps.Clone(metadata)
		}
	}
}

// WithSpanError says that the span failed, and with what.
func WithSpanError(details ErrorMessage) SpanEventOption {
	return func(event *SpanEvent) {
		event.Status = StatusError
		meta := event.meta()
		meta[metaMessage], meta[metaType], meta[metaStack] = details.Message, details.Type, details.Stack
	}
}

func (e *SpanEvent) meta() map[string]any {
	if e.Meta == nil {
		e.Meta = map[string]any{}
	}
	return e.Meta
}

func set(meta map[string]any, name, text string) {
	if text == "" {
		delete(meta, name)
		return
	}
	meta[name] = text
}

// kind gives the kind that Meta says; "" if it says none.
func (e *SpanEvent) kind() Kind {
	switch kind := e.Meta[metaKind].(type) {
	case string:
		return Kind(kind)
	case Kind:
		return kind
	}
	return ""
}
