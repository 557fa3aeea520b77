// Package llmslog adds the ids of the current span to the records of log/slog, so that logs and traces find each
// other.
//
//	slog.SetDefault(slog.New(llmslog.NewHandler(slog.NewJSONHandler(os.Stderr, nil))))
//	slog.InfoContext(ctx, "asking") // … "dd.trace_id":"6553f1…","dd.span_id":"2196…"
//
// Only calls with a context (InfoContext, LogAttrs, …) can have a span. Service, env and version are the same for a
// whole program: slog.Logger.With adds these.
package llmslog

import (
	"context"
	"log/slog"
	"slices"

	"github.com/witspan/witspan-go/llmobs"
)

// Names of the attributes; those of dd-trace-go, by which Datadog joins logs and traces.
const (
	// TraceIDKey has the trace's id as it is sent, 32 hexadecimal digits.
	TraceIDKey = "dd.trace_id"
	// SpanIDKey has the span's id as it is sent, a decimal number.
	SpanIDKey = "dd.span_id"
)

// NewHandler gives a handler that passes records on to next, with the ids of the span that is current in the
// record's context. They stand at the top level, also in a logger with groups. A record without a span goes through
// as it is, and costs no allocation.
func NewHandler(next slog.Handler) slog.Handler { return &handler{next: next} }

// handler is next, with what WithGroup and WithAttrs said.
type handler struct {
	// next has everything that was said.
	next slog.Handler
	// outside is next before the first group, and inside what was said since: the ids go between them.
	outside slog.Handler
	inside  []step
}

// step is one call of WithGroup or WithAttrs.
type step struct {
	group string
	attrs []slog.Attr
}

func (h *handler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

func (h *handler) Handle(ctx context.Context, record slog.Record) error {
	span, found := llmobs.SpanFromContext(ctx)
	if !found {
		return h.next.Handle(ctx, record)
	}
	traceID, spanID := span.TraceID(), span.SpanID()
	if traceID == "" || spanID == "" {
		// The span is not kept: there is nothing to find.
		return h.next.Handle(ctx, record)
	}
	ids := []slog.Attr{slog.String(TraceIDKey, traceID), slog.String(SpanIDKey, spanID)}
	if h.outside == nil {
		record = record.Clone()
		record.AddAttrs(ids...)
		return h.next.Handle(ctx, record)
	}
	next := h.outside.WithAttrs(ids)
	for _, said := range h.inside {
		next = said.on(next)
	}
	return next.Handle(ctx, record)
}

func (s step) on(next slog.Handler) slog.Handler {
	if s.group != "" {
		return next.WithGroup(s.group)
	}
	return next.WithAttrs(s.attrs)
}

func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	return h.with(step{attrs: attrs})
}

func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return h.with(step{group: name})
}

func (h *handler) with(said step) *handler {
	made := &handler{next: said.on(h.next), outside: h.outside}
	if made.outside == nil && said.group != "" {
		made.outside = h.next
	}
	if made.outside != nil {
		// Loggers that come from the same one must not write into each other's list.
		made.inside = append(slices.Clip(h.inside), said)
	}
	return made
}
