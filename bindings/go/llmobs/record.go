// Spans that are over when they are recorded.

package llmobs

import (
	"context"
	"strings"
	"time"

	"github.com/witspan/witspan-go/internal/core"
	"github.com/witspan/witspan-go/internal/values"
)

// RecordedSpan is a span that is over, such as one read from a log.
type RecordedSpan struct {
	// Kind is llm, workflow, agent, tool, task, embedding or retrieval.
	Kind string
	// Name defaults to the kind.
	Name string
	// Start and End are required. An end before the start counts as the start.
	Start, End time.Time
	// Parent is what the span is a child of; default what is current in the context.
	Parent Span
	// ParentTraceID and ParentSpanID name a parent from elsewhere.
	ParentTraceID, ParentSpanID string
	// Root says that the span begins a trace.
	Root bool
	// SpanID is its own id, a decimal number from 1 to 2^64-1; default a new one.
	SpanID string
	// TraceID is that of the trace that the span begins: 32 hexadecimal digits or a decimal number; default
	// a new one.
	TraceID                                    string
	SessionID, MLApp, ModelName, ModelProvider string
	// Error is what it failed with.
	Error error
	// Annotation is everything else.
	Annotation AnnotateOption
	// Tracer sends it; default that of the parent, else the global one.
	Tracer *Tracer
}

// RecordSpan records a span that is over. It gives the span, which can be the parent of others; it is finished.
// The error is an ErrInvalidArgument, and nothing was kept, or nil, also where tracing is off.
func RecordSpan(ctx context.Context, span RecordedSpan) (*AnySpan, error) {
	found := scopeOf(ctx)
	tracer, above := found.tracing(), found.above()
	if parent := held(span.Parent); parent != nil && parent.tracer != nil {
		above, tracer, found.remote = parent, parent.tracer, ""
	}
	if span.Tracer != nil {
		tracer = span.Tracer.engine
	}
	if tracer == nil {
		kind, known := kindOf(span.Kind)
		if !known {
			kind = core.SpanKindTask
		}
		return off[kind], nil
	}
	w := values.Get()
	defer w.Put()
	w.Begin()
	member(w, "kind", span.Kind)
	member(w, "name", span.Name)
	at(w, "start_ns", span.Start)
	at(w, "end_ns", span.End)
	for name, text := range map[string]string{
		"session_id": span.SessionID, "ml_app": span.MLApp, "model_name": span.ModelName,
		"model_provider": span.ModelProvider, "span_id": span.SpanID, "trace_id": span.TraceID,
	} {
		member(w, name, text)
	}
	switch {
	case span.Root:
	case span.ParentSpanID != "" || span.ParentTraceID != "":
		w.Member("parent")
		w.ObjectBegin()
		w.Key("trace_id")
		w.Text(span.ParentTraceID)
		w.Key("span_id")
		w.Text(span.ParentSpanID)
		w.ObjectEnd()
	default:
		remote := found.remote
		if remote == "" && above.on() {
			// The parent may be in another instance: it is named as another process would name it.
			remote = above.remote()
		}
		if remote != "" {
			w.Member("parent")
			w.ObjectBegin()
			w.Key("remote")
			w.Text(remote)
			w.ObjectEnd()
		}
	}
	if span.Error != nil {
		w.Member("error")
		w.ObjectBegin()
		w.Key("message")
		w.Text(said(span.Error))
		w.Key("type")
		w.Text(typeOf(span.Error))
		// Where the span is recorded says nothing of where it failed.
		if stack, has := ownStack(span.Error); has {
			w.Key("stack")
			w.Text(stack)
		}
		w.ObjectEnd()
	}
	if span.Annotation.members() != 0 {
		w.Member("annotation")
		w.ObjectBegin()
		// Each member has a budget of its own, as in a call of Annotate.
		span.Annotation.write(w)
		w.ObjectEnd()
	}
	w.End()
	ref, err := tracer.Record(w.View())
	if err != nil {
		return off[core.SpanKindTask], argument(err, recordedNames)
	}
	kind, _ := kindOf(span.Kind)
	return &AnySpan{base{parent: found.Context, tracer: tracer, ref: ref, kind: kind, name: span.Name}}, nil
}

// recordedNames are the members of RecordedSpan by the names that the core has for them.
var recordedNames = strings.NewReplacer(
	"`kind`", "`Kind`", "`start_ns`", "`Start`", "`end_ns`", "`End`", "`span_id`", "`SpanID`",
	"`trace_id`", "`TraceID`", "`parent.trace_id`", "`ParentTraceID`", "`parent.span_id`", "`ParentSpanID`",
	"`parent`", "`Parent`", "a whole number from 0 to 2^64-1", "a time from 1970 on",
)

func at(w *values.Writer, name string, t time.Time) {
	if !t.IsZero() {
		w.Member(name)
		w.Uint(nanoseconds(t))
	}
}

func kindOf(name string) (core.SpanKind, bool) {
	for kind := range off {
		if core.SpanKind(kind).String() == name {
			return core.SpanKind(kind), true
		}
	}
	return 0, false
}
