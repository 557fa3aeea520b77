// Annotation contexts: what applies to every span that starts inside.

package llmobs

import (
	"context"
	"slices"

	"github.com/witspan/witspan-go/internal/core"
	"github.com/witspan/witspan-go/internal/values"
)

// AnnotationContext applies to every span that starts inside it. Nested ones merge, and what a span is
// annotated with itself wins. Zero members say nothing.
type AnnotationContext struct {
	// Name replaces the span's.
	Name        string
	Tags        map[string]string
	CostTagKeys []string
	Prompt      *Prompt
	Agent       *Agent
}

// WithAnnotationContext gives a context in which every span that starts has what the annotation context
// says.
func WithAnnotationContext(ctx context.Context, annotation AnnotationContext) context.Context {
	found := scopeOf(ctx)
	tracer := found.tracing()
	if tracer == nil {
		return found.Context
	}
	w := values.Get()
	defer w.Put()
	w.Begin()
	member(w, "name", annotation.Name)
	shared := AnnotateOption{
		Tags: annotation.Tags, CostTagKeys: annotation.CostTagKeys, Prompt: annotation.Prompt, Agent: annotation.Agent,
	}
	shared.write(w)
	w.End()
	text := w.String()
	// Nothing that this package writes is refused but what is too long.
	if err := tracer.CheckContext(text); err != nil {
		if invalid, is := err.(core.Error); is && invalid.Tag == core.ErrorInvalidArgument {
			tracer.Warn("an annotation context is left out: " + invalid.InvalidArgument.Message)
		}
		return found.Context
	}
	found.contexts = append(slices.Clip(found.contexts), text)
	return &found
}

// NewContext gives a context whose spans are made by this tracer; see WithTracer. What is current in ctx is
// continued, as another process would.
func (t *Tracer) NewContext(ctx context.Context) context.Context {
	found := scopeOf(ctx)
	if t == nil || t.engine == nil {
		return found.Context
	}
	if found.tracer != t.engine {
		if above := found.above(); above != nil {
			found.remote = elsewhere(above).Remote
		}
		found.span, found.tracer = nil, t.engine
	}
	return &found
}
