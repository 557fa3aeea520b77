// What a context carries: annotation contexts, and traces that go on elsewhere.

package llmobs_test

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"testing"

	"github.com/witspan/witspan-go/llmobs"
	"github.com/witspan/witspan-go/tracer"
)

func TestAnnotationContextsNestAndMergeAndTheSpanWins(t *testing.T) {
	_, ctx, box := recorded(t)
	outer := llmobs.WithAnnotationContext(ctx, llmobs.AnnotationContext{
		Name: "outer", Tags: map[string]string{"a": "outer", "b": "outer", "c": "outer"},
		Prompt: &llmobs.Prompt{ID: "p", Template: "t"},
	})
	inner := llmobs.WithAnnotationContext(outer, llmobs.AnnotationContext{
		Name: "inner", Tags: map[string]string{"b": "inner", "c": "inner"},
	})
	span, below := llmobs.StartLLMSpan(inner, "own", llmobs.WithModelName("m"))
	span.Annotate(llmobs.WithAnnotatedTags(map[string]string{"c": "span"}))
	child, _ := llmobs.StartTaskSpan(below, "child")
	child.Finish()
	span.Finish()
	beside, _ := llmobs.StartTaskSpan(outer, "beside")
	beside.Finish()
	apart, _ := llmobs.StartTaskSpan(ctx, "apart")
	apart.Finish()

	var names []string
	for _, sent := range box.all(t) {
		names = append(names, sent.Name)
		switch sent.Name {
		case "inner":
			if !sent.has("a:outer") || !sent.has("b:inner") {
				t.Error(sent.Tags)
			}
			if sent.meta("kind") == "llm" && (!sent.has("c:span") || sent.meta("input", "prompt", "id") != "p") {
				t.Error(sent.Tags, sent.Meta)
			}
		case "outer":
			if !sent.has("b:outer") {
				t.Error(sent.Tags)
			}
		case "apart":
			if sent.has("a:outer") {
				t.Error(sent.Tags)
			}
		}
	}
	slices.Sort(names)
	equal(t, "names", len(names), 4)
	if !slices.Equal(names, []string{"apart", "inner", "inner", "outer"}) {
		t.Error(names)
	}
}

func TestTwoContextsInOneDoNotDisturbEachOther(t *testing.T) {
	_, ctx, box := recorded(t)
	outer := llmobs.WithAnnotationContext(ctx, llmobs.AnnotationContext{Tags: map[string]string{"o": "1"}})
	one := llmobs.WithAnnotationContext(outer, llmobs.AnnotationContext{Name: "one"})
	two := llmobs.WithAnnotationContext(outer, llmobs.AnnotationContext{Name: "two"})
	for _, ctx := range []context.Context{one, two} {
		span, _ := llmobs.StartTaskSpan(ctx, "x")
		span.Finish()
	}
	if !box.one(t, "one").has("o:1") || !box.one(t, "two").has("o:1") {
		t.Error(box.all(t))
	}
}

// plain can only get and set.
type plain struct{ of map[string]string }

func (c plain) Get(key string) string { return c.of[key] }
func (c plain) Set(key, value string) { c.of[key] = value }

// keyed can say what it has, as the carriers of OpenTelemetry can.
type keyed struct{ plain }

func (c keyed) Keys() []string { return slices.Collect(maps.Keys(c.of)) }

func TestATraceGoesOnInAnotherServiceWhateverCarriesIt(t *testing.T) {
	for name, carrier := range map[string]llmobs.Carrier{
		"http.Header": http.Header{}, "map": llmobs.MapCarrier{}, "plain": plain{map[string]string{}},
		"keyed": keyed{plain{map[string]string{}}},
	} {
		for _, rate := range []float64{1, 0} {
			t.Run(name, func(t *testing.T) {
				_, ctx, here := recorded(t, tracer.WithSampleRate(rate), tracer.WithDropUnsampled(true))
				there, other, box := recorded(t, tracer.WithDropUnsampled(true))
				client, inner := llmobs.StartWorkflowSpan(ctx, "client", llmobs.WithSessionID("s"))
				llmobs.Inject(inner, carrier)
				if carrier.Get("traceparent") == "" || carrier.Get("x-datadog-trace-id") == "" {
					t.Fatalf("%+v", carrier)
				}
				span, below := llmobs.StartTaskSpan(llmobs.Extract(other, carrier), "server")
				deeper, _ := llmobs.StartTaskSpan(below, "deeper")
				equal(t, "trace", span.TraceID(), client.TraceID())
				deeper.Finish()
				span.Finish()
				client.Finish()
				if rate == 0 {
					equal(t, "spans", len(box.all(t)), 0)
					equal(t, "not sampled", there.Stats().Spans.Dropped["not_sampled"], 2)
					return
				}
				isChild(t, box.one(t, "server"), here.one(t, "client"))
				isChild(t, box.one(t, "deeper"), box.one(t, "server"))
			})
		}
	}
}

func TestWithoutACurrentSpanNothingIsInjected(t *testing.T) {
	_, ctx, _ := recorded(t)
	header := http.Header{}
	llmobs.Inject(ctx, header)
	llmobs.Inject(context.Background(), header)
	equal(t, "headers", len(header), 0)
	if again := llmobs.Extract(ctx, http.Header{"Accept": {"*/*"}}); again != ctx {
		t.Error("headers that name no trace change the context")
	}
	extracted := llmobs.Extract(ctx, http.Header{"Traceparent": {"00-0000000000000000000000000000000a-000000000000000b-01"}})
	if _, is := llmobs.SpanFromContext(extracted); is {
		t.Error("a span of another process is current")
	}
}
