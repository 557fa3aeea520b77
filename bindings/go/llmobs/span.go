// A span: what all kinds have. It is itself the context that carries it, so that a span is one allocation.

package llmobs

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/witspan/witspan-go/internal/core"
	"github.com/witspan/witspan-go/internal/engine"
)

// Span is a span of any kind.
type Span interface {
	// Name is what the span was started with, else the name of its kind.
	Name() string
	// SpanID is the span's id as it is sent, a decimal number; "" if the span is not kept.
	SpanID() string
	// Kind is llm, workflow, agent, tool, task, embedding or retrieval.
	Kind() string
	// TraceID is the trace's id as it is sent, 32 hexadecimal digits; "" if the span is not kept.
	TraceID() string
	// APMTraceID is the same as TraceID: there is one trace.
	APMTraceID() string
	// AddLink adds a link to another span.
	AddLink(link SpanLink)
	// Finish ends the span. Only the first call counts.
	Finish(opts ...FinishSpanOption)
	// Annotate adds to the span what the options say. After Finish it does nothing but count that.
	Annotate(opts ...AnnotateOption)
}

// base is a span. All its methods may be called by any goroutine, and on a nil span.
type base struct {
	// What the span was started in.
	parent context.Context
	tracer *engine.Tracer
	ref    engine.Ref
	cohort *cohort
	place  int32
	kind   core.SpanKind
	name   string
	// The annotation contexts around the span, the outermost first.
	contexts []string
	// The ids, once somebody has asked for them.
	known atomic.Pointer[core.SpanContext]
}

// spanContext is the context in which a span is current: the span itself, of whatever kind.
type spanContext struct{ base }

func (c *spanContext) Deadline() (time.Time, bool) { return c.parent.Deadline() }
func (c *spanContext) Done() <-chan struct{}       { return c.parent.Done() }
func (c *spanContext) Err() error                  { return c.parent.Err() }

func (c *spanContext) Value(key any) any {
	if key == (scopeKey{}) {
		return (*AnySpan)(c)
	}
	return c.parent.Value(key)
}

func (c *spanContext) String() string { return "llmobs span " + c.name }

// on says whether there is a span to speak of.
func (b *base) on() bool { return b != nil && !b.ref.IsNone() }

// Name is what the span was started with, else the name of its kind.
func (b *base) Name() string {
	switch {
	case b == nil:
		return ""
	case b.name == "":
		return b.kind.String()
	}
	return b.name
}

// Kind is llm, workflow, agent, tool, task, embedding or retrieval.
func (b *base) Kind() string {
	if b == nil {
		return ""
	}
	return b.kind.String()
}

// ids asks the core once: it forgets a span some thousand spans after its end.
func (b *base) ids() (ids core.SpanContext) {
	if !b.on() {
		return ids
	}
	if known := b.known.Load(); known != nil {
		return *known
	}
	// A span whose instance is gone has none any more.
	ids, err := b.tracer.IDs(b.ref)
	if err == nil {
		b.known.Store(&ids)
	}
	return ids
}

// SpanID is the span's id as it is sent, a decimal number; "" if the span is not kept.
func (b *base) SpanID() string { return b.ids().SpanID }

// TraceID is the trace's id as it is sent, 32 hexadecimal digits; "" if the span is not kept.
func (b *base) TraceID() string { return b.ids().TraceID }

// APMTraceID is the same as TraceID: there is one trace.
func (b *base) APMTraceID() string { return b.TraceID() }

// FinishSpanOption says how a span ended. Zero members say nothing.
type FinishSpanOption struct {
	// Error is what the span failed with: its message, its type (what a method ErrorType says, else the Go type),
	// and the stack of the call of Finish, or the error's own (a method StackTrace). A nil error is none.
	Error error
	// FinishTime is when the span ended; zero for now. An end before the start counts as the start.
	FinishTime time.Time
}

// WithError says what the span failed with; nil says that it did not.
func WithError(err error) FinishSpanOption { return FinishSpanOption{Error: err} }

// WithFinishTime says when the span ended; the zero time says now.
func WithFinishTime(t time.Time) FinishSpanOption { return FinishSpanOption{FinishTime: t} }

// Finish ends the span. Only the first call counts; any goroutine may make it, also while the tracer stops.
func (b *base) Finish(opts ...FinishSpanOption) {
	if !b.on() {
		return
	}
	var failure core.Option[core.Failure]
	var end core.Option[uint64]
	for at := range opts {
		option := &opts[at]
		if option.Error != nil {
			failure = core.Some(failureOf(option.Error))
		}
		if !option.FinishTime.IsZero() {
			end = core.Some(nanoseconds(option.FinishTime))
		}
	}
	if b.cohort != nil {
		b.cohort.leave(b.place)
	}
	b.tracer.Finish(b.ref, failure, end)
}

// nanoseconds gives a time since the epoch; one before it is the epoch.
func nanoseconds(t time.Time) uint64 {
	if t.Before(epoch) {
		return 0
	}
	return uint64(t.UnixNano())
}

var epoch = time.Unix(0, 0)
