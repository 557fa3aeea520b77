// Package llmobs traces LLM applications: model calls, agents, workflows, tools, retrievals.
//
//	tracer.Start(tracer.WithMLApp("my-app"))
//	defer tracer.Stop()
//
//	span, ctx := llmobs.StartLLMSpan(ctx, "answer", llmobs.WithModelName("gpt-5"), llmobs.WithModelProvider("openai"))
//	answer, err := client.Ask(ctx, question)
//	span.AnnotateLLMIO(
//		[]llmobs.LLMMessage{{Role: "user", Content: question}},
//		[]llmobs.LLMMessage{{Role: "assistant", Content: answer}},
//	)
//	span.Finish(llmobs.WithError(err))
//
// It takes what github.com/DataDog/dd-trace-go/v2/llmobs takes: a program moves by changing the import paths of
// that package and of ddtrace/tracer. docs/differences.md says what is different.
//
// Nothing here panics, blocks, or changes what the application does. Spans go into memory, which is bounded, and a
// goroutine sends them. What cannot be kept is counted, by reason, in [Stats], and logged once.
package llmobs

import (
	"context"
	"fmt"

	"github.com/witspan/witspan-go/internal/core"
	"github.com/witspan/witspan-go/internal/engine"
	"github.com/witspan/witspan-go/tracer"
)

// Tracer makes spans and sends them. A nil one does nothing. Most programs need only the global one, which
// tracer.Start starts.
type Tracer struct{ engine *engine.Tracer }

// NewTracer starts a tracer beside the global one. The options are those of tracer.Start. If the settings turn
// tracing off, it gives a tracer that does nothing. The error is one of this module, never of a setting: those
// are logged.
//
// After nobody holds it any more, nor a context or a span of it, what has finished is still sent; only Shutdown
// waits for that.
func NewTracer(opts ...tracer.StartOption) (*Tracer, error) {
	started, err := engine.Start(tracer.Config(opts))
	if err != nil {
		return &Tracer{}, fmt.Errorf("llmobs: %w", err)
	}
	return &Tracer{started}, nil
}

// Default gives the global tracer, which does nothing before tracer.Start.
func Default() *Tracer { return &Tracer{engine.Global()} }

// Enabled says whether the tracer traces: it is started, not turned off, and not shut down.
func (t *Tracer) Enabled() bool { return t != nil && t.engine != nil && !t.engine.IsOver() }

// orNone has a nil tracer do nothing; as an option nil would mean the global one.
func (t *Tracer) orNone() *Tracer {
	if t == nil {
		return &Tracer{}
	}
	return t
}

// Enabled says whether a span that starts in this context is traced.
func Enabled(ctx context.Context) bool {
	found := scopeOf(ctx)
	tracer := found.tracing()
	return tracer != nil && !tracer.IsOver()
}

// StartLLMSpan starts a span of this tracer; see the function of that name.
func (t *Tracer) StartLLMSpan(ctx context.Context, name string, opts ...StartSpanOption) (*LLMSpan, context.Context) {
	span, ctx := t.start(ctx, core.SpanKindLLM, name, opts)
	return (*LLMSpan)(span), ctx
}

// StartWorkflowSpan starts a span of this tracer; see the function of that name.
func (t *Tracer) StartWorkflowSpan(ctx context.Context, name string, opts ...StartSpanOption) (*WorkflowSpan, context.Context) {
	span, ctx := t.start(ctx, core.SpanKindWorkflow, name, opts)
	return (*WorkflowSpan)(span), ctx
}

// StartAgentSpan starts a span of this tracer; see the function of that name.
func (t *Tracer) StartAgentSpan(ctx context.Context, name string, opts ...StartSpanOption) (*AgentSpan, context.Context) {
	span, ctx := t.start(ctx, core.SpanKindAgent, name, opts)
	return (*AgentSpan)(span), ctx
}

// StartToolSpan starts a span of this tracer; see the function of that name.
func (t *Tracer) StartToolSpan(ctx context.Context, name string, opts ...StartSpanOption) (*ToolSpan, context.Context) {
	span, ctx := t.start(ctx, core.SpanKindTool, name, opts)
	return (*ToolSpan)(span), ctx
}

// StartTaskSpan starts a span of this tracer; see the function of that name.
func (t *Tracer) StartTaskSpan(ctx context.Context, name string, opts ...StartSpanOption) (*TaskSpan, context.Context) {
	span, ctx := t.start(ctx, core.SpanKindTask, name, opts)
	return (*TaskSpan)(span), ctx
}

// StartEmbeddingSpan starts a span of this tracer; see the function of that name.
func (t *Tracer) StartEmbeddingSpan(ctx context.Context, name string, opts ...StartSpanOption) (*EmbeddingSpan, context.Context) {
	span, ctx := t.start(ctx, core.SpanKindEmbedding, name, opts)
	return (*EmbeddingSpan)(span), ctx
}

// StartRetrievalSpan starts a span of this tracer; see the function of that name.
func (t *Tracer) StartRetrievalSpan(ctx context.Context, name string, opts ...StartSpanOption) (*RetrievalSpan, context.Context) {
	span, ctx := t.start(ctx, core.SpanKindRetrieval, name, opts)
	return (*RetrievalSpan)(span), ctx
}

func (t *Tracer) start(ctx context.Context, kind core.SpanKind, name string, opts []StartSpanOption) (*AnySpan, context.Context) {
	return start(ctx, kind, name, append([]StartSpanOption{{Tracer: t.orNone()}}, opts...))
}

// RecordSpan records a span that is over; see the function of that name.
func (t *Tracer) RecordSpan(ctx context.Context, span RecordedSpan) (*AnySpan, error) {
	span.Tracer = t.orNone()
	return RecordSpan(ctx, span)
}

// SubmitEvaluation sends an evaluation; see the function of that name.
func (t *Tracer) SubmitEvaluation(evaluation Evaluation) error {
	evaluation.Tracer = t.orNone()
	return SubmitEvaluation(evaluation)
}

// SubmitFeedback sends feedback; see the function of that name.
func (t *Tracer) SubmitFeedback(feedback Feedback) error {
	feedback.Tracer = t.orNone()
	return SubmitFeedback(feedback)
}

// Flush sends everything that has finished, and waits for that as long as ctx lasts, but at most the setting
// flush_timeout (10 s) where ctx has no deadline. The error is that of the context, if not everything was
// settled in time: delivered, or dropped and counted.
func (t *Tracer) Flush(ctx context.Context) (Result, error) {
	return t.settle(ctx, (*engine.Tracer).Flush)
}

// Shutdown is Flush, and then ends the tracer: the rest is counted as dropped, and later calls do nothing. It
// may be called again, and while others finish spans.
func (t *Tracer) Shutdown(ctx context.Context) (Result, error) {
	return t.settle(ctx, (*engine.Tracer).Shutdown)
}

func (t *Tracer) settle(ctx context.Context, act func(*engine.Tracer, context.Context) engine.Flushed) (Result, error) {
	if t == nil || t.engine == nil {
		return Result{Settled: true}, nil
	}
	if ctx == nil {
		ctx = context.Background()
	}
	if _, has := ctx.Deadline(); !has {
		limited, cancel := context.WithTimeout(ctx, t.engine.Plan().FlushTimeout)
		defer cancel()
		ctx = limited
	}
	flushed := act(t.engine, ctx)
	result := Result{
		Settled: flushed.Settled, Delivered: flushed.Delivered, Dropped: flushed.Dropped,
		Statistics: statisticsOf(&flushed.Statistics),
	}
	if !flushed.Settled && ctx.Err() != nil {
		return result, fmt.Errorf("llmobs: not everything was sent in time: %w", ctx.Err())
	}
	return result, nil
}

// Stats gives the counters of the global tracer.
func Stats() Statistics { return Default().Stats() }

// Stats gives the tracer's counters.
func (t *Tracer) Stats() Statistics {
	if t == nil || t.engine == nil {
		return Statistics{}
	}
	counts := t.engine.Statistics()
	return statisticsOf(&counts)
}

// Flush flushes the global tracer; see the method.
func Flush(ctx context.Context) (Result, error) { return Default().Flush(ctx) }

// Shutdown shuts the global tracer down; see the method.
func Shutdown(ctx context.Context) (Result, error) { return Default().Shutdown(ctx) }
