// Spans as the core takes them: what is required, and the text of each.

package export

import (
	"context"
	"fmt"
	"maps"
	"strconv"
	"strings"

	"github.com/witspan/witspan-go/internal/core"
	"github.com/witspan/witspan-go/internal/values"
)

// SubmitSpansOption is an option of one call of [Client.SubmitSpans].
type SubmitSpansOption func(*submitSpansConfig)

type submitSpansConfig struct{ service string }

// WithCallService sets the service of spans of this call that have none.
func WithCallService(service string) SubmitSpansOption {
	return func(config *submitSpansConfig) { config.service = service }
}

// SubmitSpans sends spans, and returns once all of them are sent or given up. It does not change them, and they must
// not be changed meanwhile. The result is never nil. The error is that of the context, if rows were left unsent, or
// joins those of the batches; rows with a validation error are only in the result.
func (c *Client) SubmitSpans(ctx context.Context, events []SpanEvent, opts ...SubmitSpansOption) (*Result, error) {
	config := submitSpansConfig{service: c.service}
	for _, option := range opts {
		if option != nil {
			option(&config)
		}
	}
	result := &Result{}
	return c.submit(ctx, len(events), func(instance *core.Instance, row int) (core.Option[core.DropReason], []core.Warning, bool, error) {
		event := &events[row]
		if invalid := event.check(); invalid != nil {
			return core.Option[core.DropReason]{}, nil, false, *invalid
		}
		recorded, err := instance.RecordSpan(event.text(config.service))
		return recorded.Dropped, recorded.Warnings, recorded.ShouldPoll, err
	}, result)
}

// check says what is wrong with a span; nil if nothing is.
func (e *SpanEvent) check() *ValidationError {
	kind := e.kind()
	invalid := func(code ErrorCode, format string, arguments ...any) *ValidationError {
		return &ValidationError{Code: code, Reason: fmt.Sprintf(format, arguments...)}
	}
	switch {
	case e.SpanID == "" || e.TraceID == "":
		return invalid(CodeMissingID, "span_id and trace_id are required")
	case kind == "":
		return invalid(CodeMissingKind, `meta["span.kind"] is required`)
	case !isKind[kind]:
		return invalid(CodeInvalidKind, "the span kind %q is unknown", kind)
	case e.Status != "" && e.Status != StatusOK && e.Status != StatusError:
		return invalid(CodeInvalidStatus, "the status is %q; accepted: ok, error", e.Status)
	case e.StartNS <= 0:
		return invalid(CodeInvalidTiming, "start_ns is %d; accepted: nanoseconds since 1970", e.StartNS)
	case e.Duration < 0:
		return invalid(CodeInvalidTiming, "duration is %d; accepted: nanoseconds from 0", e.Duration)
	}
	for at := range e.SpanLinks {
		link := &e.SpanLinks[at]
		switch {
		case !isDecimal(link.TraceID):
			return invalid(CodeInvalidLink, "span_links[%d].trace_id is %q; accepted: a decimal number below 2^64", at, link.TraceID)
		case !isDecimal(link.SpanID):
			return invalid(CodeInvalidLink, "span_links[%d].span_id is %q; accepted: a decimal number below 2^64", at, link.SpanID)
		}
	}
	return nil
}

var isKind = map[Kind]bool{
	KindLLM: true, KindAgent: true, KindWorkflow: true, KindTask: true, KindStep: true, KindTool: true,
	KindEmbedding: true, KindRetrieval: true,
}

// text gives the span as record-span takes it.
func (e *SpanEvent) text(service string) string {
	if e.Service != "" {
		service = e.Service
	}
	placed := place(e, service)
	w := values.Get()
	defer w.Put()
	w.Begin()
	member(w, "kind", string(placed.kind))
	member(w, "name", last(string(e.kind()), e.Name))
	w.Member("start_ns")
	w.Int(e.StartNS)
	w.Member("end_ns")
	w.Uint(uint64(e.StartNS) + uint64(e.Duration))
	member(w, "session_id", e.SessionID)
	member(w, "ml_app", placed.mlApp)
	member(w, "model_name", placed.model)
	member(w, "model_provider", placed.provider)
	member(w, "span_id", spanIDOf(e.SpanID))
	if e.hasParent() {
		w.Member("parent")
		object(w, "trace_id", traceIDOf(e.TraceID), "span_id", spanIDOf(e.ParentID))
	} else {
		member(w, "trace_id", traceIDOf(e.TraceID))
	}
	if e.Status == StatusError {
		w.Member("error")
		object(w, "message", placed.failure.Message, "type", placed.failure.Type, "stack", placed.failure.Stack)
	}
	// The annotation has members that share a budget of their own, so it is not a member of the first text.
	annotation := values.Get()
	defer annotation.Put()
	placed.write(annotation, e)
	var text strings.Builder
	text.Grow(len(w.View()) + len(annotation.View()) + 16)
	text.WriteString(w.View())
	text.WriteString(`,"annotation":`)
	text.WriteString(annotation.View())
	text.WriteByte('}')
	return text.String()
}

func (e *SpanEvent) hasParent() bool {
	return e.ParentID != "" && e.ParentID != "0" && e.ParentID != noParent
}

// write writes the annotation.
func (p *placed) write(w *values.Writer, e *SpanEvent) {
	w.Begin()
	part := func(name string, value any) {
		if value != nil {
			w.Member(name)
			w.Value(value)
		}
	}
	part(metaInput, p.input)
	part(metaOutput, p.output)
	part(metaPrompt, p.prompt)
	part(metaTools, p.tools)
	part("agent", p.agent)
	part("cost_tags", p.costTags)
	member(w, metaIntent, p.intent)
	if len(p.metadata) > 0 {
		part(metaMetadata, p.metadata)
	}
	if len(p.tags) > 0 {
		part("tags", p.tags)
	}
	if len(e.Metrics) > 0 {
		part("metrics", e.Metrics)
	}
	if len(e.SpanLinks) > 0 {
		w.Member("links")
		w.ArrayBegin()
		for at := range e.SpanLinks {
			if !w.Item() {
				break
			}
			e.SpanLinks[at].write(w)
		}
		w.ArrayEnd()
	}
	w.End()
}

func (l *SpanLink) write(w *values.Writer) {
	trace := l.TraceID
	if l.TraceIDHigh != 0 {
		low, _ := strconv.ParseUint(l.TraceID, 10, 64)
		trace = fmt.Sprintf("%016x%016x", l.TraceIDHigh, low)
	}
	attributes := l.Attributes
	if l.Tracestate != "" || l.Flags != 0 {
		attributes = maps.Clone(attributes)
		if attributes == nil {
			attributes = map[string]string{}
		}
		if l.Tracestate != "" {
			attributes["tracestate"] = l.Tracestate
		}
		if l.Flags != 0 {
			attributes["flags"] = strconv.FormatUint(uint64(l.Flags), 10)
		}
	}
	w.ObjectBegin()
	w.Key("trace_id")
	w.Text(trace)
	w.Key("span_id")
	w.Text(l.SpanID)
	if len(attributes) > 0 {
		w.Key("attributes")
		w.Value(attributes)
	}
	w.ObjectEnd()
}

// member writes a text, unless it is empty.
func member(w *values.Writer, name, text string) {
	if text != "" {
		w.Member(name)
		w.Text(text)
	}
}

// object writes an object of texts, which are given with their names.
func object(w *values.Writer, namesAndTexts ...string) {
	w.ObjectBegin()
	for at := 0; at < len(namesAndTexts); at += 2 {
		w.Key(namesAndTexts[at])
		w.Text(namesAndTexts[at+1])
	}
	w.ObjectEnd()
}

func last(former, later string) string {
	if later != "" {
		return later
	}
	return former
}
