// The seven kinds of span, and how each starts.

package llmobs

import (
	"context"
	"time"

	"github.com/witspan/witspan-go/internal/core"
	"github.com/witspan/witspan-go/internal/engine"
)

// AnySpan is a span whose kind is not known at compile time; As… says whether it is of one.
type AnySpan struct{ base }

// LLMSpan is one call of a language model.
type LLMSpan struct{ base }

// WorkflowSpan is a fixed sequence of steps.
type WorkflowSpan struct{ base }

// AgentSpan is a sequence of steps that a model chooses.
type AgentSpan struct{ base }

// ToolSpan is one call of a program or service outside.
type ToolSpan struct{ base }

// TaskSpan is one step inside the application.
type TaskSpan struct{ base }

// EmbeddingSpan is one call of an embedding model.
type EmbeddingSpan struct{ base }

// RetrievalSpan is one search in a knowledge base.
type RetrievalSpan struct{ base }

// as gives a span of a kind, if the span is of it.
func as[S any](is bool, span *S) (*S, bool) {
	if !is {
		return nil, false
	}
	return span, true
}

// AsLLM gives the span as one of this kind, if it is; else nil.
func (s *AnySpan) AsLLM() (*LLMSpan, bool) { return as(s.is(core.SpanKindLLM), (*LLMSpan)(s)) }

// AsWorkflow gives the span as one of this kind, if it is; else nil.
func (s *AnySpan) AsWorkflow() (*WorkflowSpan, bool) {
	return as(s.is(core.SpanKindWorkflow), (*WorkflowSpan)(s))
}

// AsAgent gives the span as one of this kind, if it is; else nil.
func (s *AnySpan) AsAgent() (*AgentSpan, bool) { return as(s.is(core.SpanKindAgent), (*AgentSpan)(s)) }

// AsTool gives the span as one of this kind, if it is; else nil.
func (s *AnySpan) AsTool() (*ToolSpan, bool) { return as(s.is(core.SpanKindTool), (*ToolSpan)(s)) }

// AsTask gives the span as one of this kind, if it is; else nil.
func (s *AnySpan) AsTask() (*TaskSpan, bool) { return as(s.is(core.SpanKindTask), (*TaskSpan)(s)) }

// AsEmbedding gives the span as one of this kind, if it is; else nil.
func (s *AnySpan) AsEmbedding() (*EmbeddingSpan, bool) {
	return as(s.is(core.SpanKindEmbedding), (*EmbeddingSpan)(s))
}

// AsRetrieval gives the span as one of this kind, if it is; else nil.
func (s *AnySpan) AsRetrieval() (*RetrievalSpan, bool) {
	return as(s.is(core.SpanKindRetrieval), (*RetrievalSpan)(s))
}

func (s *AnySpan) is(kind core.SpanKind) bool { return s != nil && s.kind == kind }

// StartLLMSpan starts a span of one call of a language model, as a child of what is current in ctx. It gives
// the span and the context in which it is current. An empty name means `llm`. It never fails: where tracing
// is off, or the memory for open spans is used up, the span does nothing.
func StartLLMSpan(ctx context.Context, name string, opts ...StartSpanOption) (*LLMSpan, context.Context) {
	span, ctx := start(ctx, core.SpanKindLLM, name, opts)
	return (*LLMSpan)(span), ctx
}

// StartWorkflowSpan starts a span of a fixed sequence of steps; see StartLLMSpan.
func StartWorkflowSpan(ctx context.Context, name string, opts ...StartSpanOption) (*WorkflowSpan, context.Context) {
	span, ctx := start(ctx, core.SpanKindWorkflow, name, opts)
	return (*WorkflowSpan)(span), ctx
}

// StartAgentSpan starts a span of a sequence of steps that a model chooses; see StartLLMSpan.
func StartAgentSpan(ctx context.Context, name string, opts ...StartSpanOption) (*AgentSpan, context.Context) {
	span, ctx := start(ctx, core.SpanKindAgent, name, opts)
	return (*AgentSpan)(span), ctx
}

// StartToolSpan starts a span of one call of a program or service outside; see StartLLMSpan.
func StartToolSpan(ctx context.Context, name string, opts ...StartSpanOption) (*ToolSpan, context.Context) {
	span, ctx := start(ctx, core.SpanKindTool, name, opts)
	return (*ToolSpan)(span), ctx
}

// StartTaskSpan starts a span of one step inside the application; see StartLLMSpan.
func StartTaskSpan(ctx context.Context, name string, opts ...StartSpanOption) (*TaskSpan, context.Context) {
	span, ctx := start(ctx, core.SpanKindTask, name, opts)
	return (*TaskSpan)(span), ctx
}

// StartEmbeddingSpan starts a span of one call of an embedding model; see StartLLMSpan.
func StartEmbeddingSpan(ctx context.Context, name string, opts ...StartSpanOption) (*EmbeddingSpan, context.Context) {
	span, ctx := start(ctx, core.SpanKindEmbedding, name, opts)
	return (*EmbeddingSpan)(span), ctx
}

// StartRetrievalSpan starts a span of one search in a knowledge base; see StartLLMSpan.
func StartRetrievalSpan(ctx context.Context, name string, opts ...StartSpanOption) (*RetrievalSpan, context.Context) {
	span, ctx := start(ctx, core.SpanKindRetrieval, name, opts)
	return (*RetrievalSpan)(span), ctx
}

// StartSpanOption says more of a new span. Zero members say nothing; of several options that say the same,
// the last counts. Options are values: they can be written, kept and compared.
type StartSpanOption struct {
	// SessionID is the session, inherited by children; at most 4,096 bytes.
	SessionID string
	// MLApp is the ML app, inherited by children; at most 4,096 bytes.
	MLApp string
	// ModelName is the model of an llm or embedding span.
	ModelName string
	// ModelProvider is the model's provider, such as openai.
	ModelProvider string
	// Integration is the library that makes the span, such as openai: the tag `integration`.
	Integration string
	// StartTime is when the span started; default now.
	StartTime time.Time
	// Parent is what the span is a child of, whatever is current in the context.
	Parent Span
	// Root says that the span begins a trace, whatever is current in the context.
	Root bool
	// Tracer makes the span, also where its parent is of another. Default: that of the parent, else the global
	// one.
	Tracer *Tracer
}

// WithSessionID sets the session, which children inherit.
func WithSessionID(sessionID string) StartSpanOption { return StartSpanOption{SessionID: sessionID} }

// WithMLApp sets the ML app, which children inherit.
func WithMLApp(mlApp string) StartSpanOption { return StartSpanOption{MLApp: mlApp} }

// WithModelName sets the model of an llm or embedding span.
func WithModelName(modelName string) StartSpanOption { return StartSpanOption{ModelName: modelName} }

// WithModelProvider sets the model's provider.
func WithModelProvider(modelProvider string) StartSpanOption {
	return StartSpanOption{ModelProvider: modelProvider}
}

// WithIntegration names the library that makes the span.
func WithIntegration(integration string) StartSpanOption {
	return StartSpanOption{Integration: integration}
}

// WithStartTime says when the span started.
func WithStartTime(t time.Time) StartSpanOption { return StartSpanOption{StartTime: t} }

// WithParent makes the span a child of exactly this one, finished or not; nil says nothing.
func WithParent(parent Span) StartSpanOption { return StartSpanOption{Parent: parent} }

// AsRoot has the span begin a trace.
func AsRoot() StartSpanOption { return StartSpanOption{Root: true} }

// WithTracer has this tracer make the span; nil says nothing.
func WithTracer(tracer *Tracer) StartSpanOption { return StartSpanOption{Tracer: tracer} }

// held gives the base of a span of this package; nil for any other.
func held(span Span) *base {
	switch of := span.(type) {
	case interface{ self() *base }:
		return of.self()
	}
	return nil
}

func start(ctx context.Context, kind core.SpanKind, name string, opts []StartSpanOption) (*AnySpan, context.Context) {
	found := scopeOf(ctx)
	ctx = found.Context
	tracer, above := found.tracing(), found.above()
	parent := engine.Parent{Tag: core.ParentRoot}
	switch {
	case found.remote != "":
		parent = engine.Parent{Tag: core.ParentRemote, Remote: found.remote}
	case above != nil:
		parent = engine.Parent{Tag: core.ParentCurrent, Span: above.ref}
	}
	var other *Tracer
	var integration string
	// As many as there are cases beside contexts: then nothing is allocated.
	var room [5]core.SpanOption
	options := room[:0]
	add := func(tag core.SpanOptionTag, text string) {
		if text != "" {
			options = append(options, core.SpanOption{Tag: tag, Text: text})
		}
	}
	for at := range opts {
		option := &opts[at]
		add(core.SpanOptionSessionID, option.SessionID)
		add(core.SpanOptionMLApp, option.MLApp)
		add(core.SpanOptionModelName, option.ModelName)
		add(core.SpanOptionModelProvider, option.ModelProvider)
		if option.Integration != "" {
			integration = option.Integration
		}
		if !option.StartTime.IsZero() {
			start := nanoseconds(option.StartTime)
			options = append(options, core.SpanOption{Tag: core.SpanOptionStartNs, Number: start})
		}
		if option.Root {
			parent = engine.Parent{Tag: core.ParentRoot}
		}
		if given := held(option.Parent); given != nil && given.tracer != nil {
			parent = engine.Parent{Tag: core.ParentChildOf, Span: given.ref}
			tracer, above = given.tracer, given
		}
		if option.Tracer != nil {
			other = option.Tracer
		}
	}
	if other != nil && other.engine != tracer {
		tracer = other.engine
		// A span of another tracer cannot be the parent here.
		if parent.Tag == core.ParentCurrent || parent.Tag == core.ParentChildOf {
			parent = elsewhere(above)
		}
	}
	if tracer == nil || tracer.IsOver() {
		return off[kind], ctx
	}
	for _, context := range found.contexts {
		add(core.SpanOptionContext, context)
	}
	span := &AnySpan{base{parent: ctx, tracer: tracer, kind: kind, name: name, contexts: found.contexts}}
	// The texts come from this call: no error is possible but that the parent finished long ago.
	ref, err := tracer.StartSpan(kind, parent, name, options)
	if err != nil {
		tracer.Warn(forgotten)
		parent = engine.Parent{Tag: core.ParentRoot}
		ref, _ = tracer.StartSpan(kind, parent, name, options)
	}
	if !ref.IsNone() {
		span.ref = ref
		span.cohort, span.place = joined.join(tracer, ref)
	}
	if integration != "" {
		span.Annotate(AnnotateOption{Integration: integration})
	}
	return span, (*spanContext)(span)
}

// joined has the cohorts that new spans join.
var joined cohorts

// elsewhere gives the place of a span for another tracer, as another process would get it.
func elsewhere(span *base) engine.Parent {
	if span.on() {
		if remote := span.remote(); remote != "" {
			return engine.Parent{Tag: core.ParentRemote, Remote: remote}
		}
	}
	return engine.Parent{Tag: core.ParentRoot}
}

// remote gives the place of a span as another process would get it; "", with a warning, if that is not known
// any more.
func (b *base) remote() string {
	remote, err := b.tracer.RemoteOf(b.ref)
	if err != nil {
		b.tracer.Warn(forgotten)
	}
	return remote
}

const forgotten = "`parent` is a span that finished too long ago: the span begins a trace"

// off has a span of each kind that does nothing.
var off = func() (spans [core.SpanKindRetrieval + 1]*AnySpan) {
	for kind := range spans {
		spans[kind] = &AnySpan{base{parent: context.Background(), kind: core.SpanKind(kind)}}
	}
	return spans
}()
