// Nothing panics: not on nil, not without a tracer, not after its end.

package llmobs_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/witspan/witspan-go/llmobs"
	"github.com/witspan/witspan-go/tracer"
)

// everything calls all there is with nothing.
func everything(t *testing.T, of *llmobs.Tracer) {
	t.Helper()
	//nolint:staticcheck // A nil context is what this is about.
	var none context.Context
	llm, ctx := of.StartLLMSpan(none, "")
	llm.AnnotateLLMIO(nil, nil)
	llm.Annotate()
	llm.Annotate(llmobs.AnnotateOption{}, llmobs.WithAnnotatedTags(nil), llmobs.WithAnnotatedMetadata(nil),
		llmobs.WithAnnotatedMetrics(nil), llmobs.WithAnnotatedToolDefinitions(nil), llmobs.WithAnnotatedInput(nil))
	llm.AddLink(llmobs.SpanLink{})
	llm.Finish(llmobs.WithError(nil), llmobs.WithFinishTime(time.Time{}), llmobs.FinishSpanOption{})
	llm.Finish()
	tool, ctx := of.StartToolSpan(ctx, "tool", llmobs.StartSpanOption{}, llmobs.WithParent(nil), llmobs.WithTracer(nil),
		llmobs.WithParent((*llmobs.LLMSpan)(nil)))
	tool.AnnotateTextIO("", "")
	embedding, ctx := of.StartEmbeddingSpan(ctx, "embedding")
	embedding.AnnotateEmbeddingIO(nil, "")
	retrieval, ctx := of.StartRetrievalSpan(ctx, "retrieval")
	retrieval.AnnotateRetrievalIO("", nil)
	for _, span := range []llmobs.Span{tool, embedding, retrieval} {
		span.Finish()
		_, _, _, _, _ = span.Name(), span.Kind(), span.SpanID(), span.TraceID(), span.APMTraceID()
	}
	llmobs.SpanFromContext(none)
	llmobs.SpanFromContext(ctx)
	if llmobs.WithAnnotationContext(none, llmobs.AnnotationContext{}) == nil || of.NewContext(none) == nil {
		t.Error("a nil context stays nil")
	}
	llmobs.Inject(none, nil)
	llmobs.Inject(ctx, http.Header(nil))
	llmobs.Inject(ctx, llmobs.MapCarrier(nil))
	llmobs.Inject(ctx, nilMap(nil))
	if llmobs.Extract(none, nil) == nil || llmobs.Extract(ctx, nilMap(nil)) == nil {
		t.Error("a nil context stays nil")
	}
	if span, err := of.RecordSpan(none, llmobs.RecordedSpan{}); span == nil {
		t.Error(err)
	}
	_ = of.SubmitEvaluation(llmobs.Evaluation{})
	_ = of.SubmitEvaluation(llmobs.Evaluation{Span: (*llmobs.LLMSpan)(nil), Tag: &llmobs.JoinTag{}})
	_ = of.SubmitEvaluation(llmobs.Evaluation{Span: (*panics)(nil), Label: "l", Value: 1})
	_ = of.SubmitFeedback(llmobs.Feedback{})
	of.SetProcessor(nil, 0)
	for item := range llmobs.Stream(nil, func(yield func(int) bool) { yield(1) }, nil) {
		_ = item
	}
	of.Stats()
	if _, err := of.Flush(none); err != nil {
		t.Error(err)
	}
}

// nilMap panics when it is written to, as the carriers of OpenTelemetry do.
type nilMap map[string]string

func (c nilMap) Get(key string) string { return c[key] }
func (c nilMap) Set(key, value string) { c[key] = value }
func (c nilMap) Keys() []string        { panic("no keys") }

// panics is a span of the application that is not there.
type panics struct{ id string }

func (p *panics) SpanID() string  { return p.id }
func (p *panics) TraceID() string { return p.id }

func TestNothingPanicsOnNothing(t *testing.T) {
	on, _, _ := recorded(t)
	off, err := llmobs.NewTracer(tracer.WithEnabled(false))
	if err != nil {
		t.Fatal(err)
	}
	over, _, _ := recorded(t)
	if _, err := over.Shutdown(within(t)); err != nil {
		t.Fatal(err)
	}
	for name, of := range map[string]*llmobs.Tracer{
		"on": on, "off": off, "over": over, "nil": nil, "zero": {}, "default": llmobs.Default(),
	} {
		t.Run(name, func(t *testing.T) {
			everything(t, of)
			equal(t, "enabled", of.Enabled(), name == "on")
			if _, err := of.Shutdown(within(t)); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestANilSpanDoesNothing(t *testing.T) {
	var (
		llm       *llmobs.LLMSpan
		workflow  *llmobs.WorkflowSpan
		agent     *llmobs.AgentSpan
		tool      *llmobs.ToolSpan
		task      *llmobs.TaskSpan
		embedding *llmobs.EmbeddingSpan
		retrieval *llmobs.RetrievalSpan
		some      *llmobs.AnySpan
	)
	llm.AnnotateLLMIO([]llmobs.LLMMessage{{}}, nil)
	workflow.AnnotateTextIO("a", "b")
	agent.AnnotateTextIO("a", "b")
	tool.AnnotateTextIO("a", "b")
	task.AnnotateTextIO("a", "b")
	embedding.AnnotateEmbeddingIO([]llmobs.EmbeddedDocument{{}}, "b")
	retrieval.AnnotateRetrievalIO("a", []llmobs.RetrievedDocument{{}})
	if as, is := some.AsLLM(); is || as != nil {
		t.Error(as)
	}
	for _, span := range []llmobs.Span{llm, workflow, agent, tool, task, embedding, retrieval, some} {
		span.Annotate(llmobs.WithIntent("x"))
		span.AddLink(llmobs.SpanLink{TraceID: 1, SpanID: 2})
		span.Finish(llmobs.WithError(errors.New("x")))
		if span.Name()+span.Kind()+span.SpanID()+span.TraceID()+span.APMTraceID() != "" {
			t.Error(span)
		}
	}
}

func TestANilTracerIsNotTheGlobalOne(t *testing.T) {
	box := global(t)
	var none *llmobs.Tracer
	span, _ := none.StartTaskSpan(context.Background(), "nowhere")
	span.Finish()
	_, _ = none.RecordSpan(context.Background(), llmobs.RecordedSpan{Kind: "task", Start: time.Now(), End: time.Now()})
	equal(t, "spans", len(box.all(t)), 0)
}

func TestATracerThatIsOffGivesTheContextBack(t *testing.T) {
	off, _ := llmobs.NewTracer(tracer.WithEnabled(false))
	ctx := context.WithValue(context.Background(), patienceKey{}, 1)
	if _, inner := off.StartTaskSpan(ctx, "x"); inner != ctx {
		t.Error(inner)
	}
}

type patienceKey struct{}
