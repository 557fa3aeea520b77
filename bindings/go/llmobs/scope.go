// What a context carries: the current span, annotation contexts, a remote parent, a tracer.

package llmobs

import (
	"context"

	"github.com/witspan/witspan-go/internal/engine"
)

// scopeKey finds the nearest *AnySpan or *scope.
type scopeKey struct{}

// scope is a context that says something other than a span.
type scope struct {
	context.Context
	// The span that is current, unless remote names another.
	span   *AnySpan
	tracer *engine.Tracer
	// A remote context that the next span continues.
	remote   string
	contexts []string
}

func (s *scope) Value(key any) any {
	if key == (scopeKey{}) {
		return s
	}
	return s.Context.Value(key)
}

// scopeOf gives what a context says; everything is zero where it says nothing.
func scopeOf(ctx context.Context) (found scope) {
	if ctx == nil {
		found.Context = context.Background()
		return found
	}
	switch one := ctx.Value(scopeKey{}).(type) {
	case *AnySpan:
		found = scope{span: one, tracer: one.tracer, contexts: one.contexts}
	case *scope:
		found = *one
	}
	found.Context = ctx
	return found
}

// tracing gives the tracer that a context means: its own, else the global one; nil if there is none.
func (s *scope) tracing() *engine.Tracer {
	if s.tracer != nil {
		return s.tracer
	}
	return engine.Global()
}

// above gives the span that is current, unless a remote context names another or it is off.
func (s *scope) above() *base {
	if s.remote != "" || s.span == nil || s.span.tracer == nil {
		return nil
	}
	return &s.span.base
}

// SpanFromContext gives the span that is current in a context; false if there is none.
func SpanFromContext(ctx context.Context) (*AnySpan, bool) {
	found := scopeOf(ctx)
	if found.span == nil || found.remote != "" {
		return nil, false
	}
	return found.span, true
}
