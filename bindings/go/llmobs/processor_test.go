// The application's processor sees every span before it is sent, and fails closed.

package llmobs_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/witspan/witspan-go/llmobs"
)

// send makes a span with a secret in it.
func send(ctx context.Context, name string) {
	span, _ := llmobs.StartLLMSpan(ctx, name)
	span.AnnotateLLMIO([]llmobs.LLMMessage{{Role: "user", Content: "my secret"}}, []llmobs.LLMMessage{{Content: "a secret"}},
		llmobs.WithAnnotatedMetadata(map[string]any{"key": "secret"}), llmobs.WithAnnotatedTags(map[string]string{"who": "secret"}))
	span.Finish(llmobs.WithError(errors.New("secret failure")))
}

func TestAProcessorChangesWhatIsSent(t *testing.T) {
	made, ctx, box := recorded(t)
	made.SetProcessor(func(event *llmobs.Event) (*llmobs.Event, error) {
		if event.Kind() != "llm" || event.Name() != "ask" || event.SpanID() == "" || event.TraceID() == "" || event.Tag("who") == "" {
			return nil, fmt.Errorf("%v", event.Members)
		}
		event.SetName("asked")
		event.SetTag("seen", "yes")
		event.Replace(func(text string) string { return strings.ReplaceAll(text, "secret", "•") })
		event.Remove("metadata")
		return event, nil
	}, patience)
	send(ctx, "ask")
	sent := box.one(t, "asked")
	if text := fmt.Sprint(sent); strings.Contains(text, "secret") || !strings.Contains(text, "my •") {
		t.Error(text)
	}
	if !sent.has("seen:yes") || sent.meta("metadata", "key") != nil {
		t.Error(sent)
	}
}

func TestAProcessorDropsSpansAndThatIsCounted(t *testing.T) {
	made, ctx, box := recorded(t)
	made.SetProcessor(func(event *llmobs.Event) (*llmobs.Event, error) {
		if event.Name() == "drop" {
			return nil, nil
		}
		return event, nil
	}, patience)
	send(ctx, "drop")
	send(ctx, "keep")
	box.one(t, "keep")
	counts := made.Stats().Spans
	balance(t, counts)
	equal(t, "dropped", counts.Dropped["processor"], 1)
	made.SetProcessor(nil, 0)
	send(ctx, "drop")
	box.one(t, "drop")
}

func TestAProcessorThatFailsCostsTheContentAndNotTheSpan(t *testing.T) {
	for name, fails := range map[string]llmobs.Processor{
		"error":  func(*llmobs.Event) (*llmobs.Event, error) { return nil, panicking{} },
		"panic":  func(*llmobs.Event) (*llmobs.Event, error) { panic("processor") },
		"empty":  func(*llmobs.Event) (*llmobs.Event, error) { return &llmobs.Event{}, nil },
		"no map": func(*llmobs.Event) (*llmobs.Event, error) { (&llmobs.Event{}).SetName("x"); return nil, nil },
		"hostile": func(e *llmobs.Event) (*llmobs.Event, error) {
			e.Members["input"] = make(chan int)
			return e, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			made, ctx, box := recorded(t)
			made.SetProcessor(fails, patience)
			send(ctx, "ask")
			if sent := box.one(t, "ask"); strings.Contains(fmt.Sprint(sent), "secret") {
				t.Error(sent)
			}
			equal(t, "content dropped", made.Stats().ContentDropped, 1)
			if !strings.Contains(box.log(), "processor") {
				t.Error(box.log())
			}
		})
	}
}

func TestAProcessorThatTakesTooLongCostsTheContent(t *testing.T) {
	made, ctx, box := recorded(t)
	release := make(chan struct{})
	made.SetProcessor(func(event *llmobs.Event) (*llmobs.Event, error) {
		<-release
		return event, nil
	}, time.Millisecond)
	var done sync.WaitGroup
	done.Add(1)
	go func() { defer done.Done(); send(ctx, "slow") }()
	eventually(t, "the span is sent while the processor runs", func() bool {
		_, _ = made.Flush(within(t))
		return made.Stats().Spans.Delivered == 1
	})
	close(release)
	done.Wait()
	if sent := box.one(t, "slow"); strings.Contains(fmt.Sprint(sent), "secret") {
		t.Error(sent)
	}
	equal(t, "content dropped", made.Stats().ContentDropped, 1)
}

func TestSpansThatAProcessorStartsAreNotKeptAndItMayFinishOthers(t *testing.T) {
	made, ctx, box := recorded(t)
	outer, inner := llmobs.StartWorkflowSpan(ctx, "outer")
	var depth, deepest atomic.Int32
	made.SetProcessor(func(event *llmobs.Event) (*llmobs.Event, error) {
		deepest.Store(max(deepest.Load(), depth.Add(1)))
		defer depth.Add(-1)
		send(inner, "recursive")
		_, _ = llmobs.RecordSpan(inner, llmobs.RecordedSpan{Kind: "task", Name: "recorded", Start: began, End: ended})
		outer.Finish()
		made.Stats()
		event.SetTag("seen", "yes")
		return event, nil
	}, patience)
	send(inner, "ask")
	spans := box.all(t)
	equal(t, "spans", len(spans), 2)
	equal(t, "depth", deepest.Load(), 1)
	if !box.one(t, "outer").has("seen:yes") || !box.one(t, "ask").has("seen:yes") {
		t.Error(spans)
	}
	balance(t, made.Stats().Spans)
}

func TestManyGoroutinesEachHaveTheirSpansProcessedOnce(t *testing.T) {
	made, ctx, box := recorded(t)
	var seen atomic.Int64
	made.SetProcessor(func(event *llmobs.Event) (*llmobs.Event, error) {
		seen.Add(1)
		event.Replace(func(text string) string { return strings.ReplaceAll(text, "secret", "•") })
		return event, nil
	}, patience)
	var group sync.WaitGroup
	for n := range 16 {
		group.Add(1)
		go func() {
			defer group.Done()
			for m := range 10 {
				send(ctx, fmt.Sprint(n, ".", m))
			}
		}()
	}
	group.Wait()
	spans := box.all(t)
	equal(t, "spans", len(spans), 160)
	equal(t, "seen", seen.Load(), 160)
	for _, span := range spans {
		if strings.Contains(fmt.Sprint(span), "secret") {
			t.Fatal(span)
		}
	}
}

func TestTheProcessorOfTheProgramStaysWhenItsTracerIsReplaced(t *testing.T) {
	llmobs.SetProcessor(func(event *llmobs.Event) (*llmobs.Event, error) {
		event.Replace(func(text string) string { return strings.ReplaceAll(text, "secret", "•") })
		return event, nil
	}, patience)
	t.Cleanup(func() { llmobs.SetProcessor(nil, 0) })
	for range 2 {
		box := global(t)
		send(context.Background(), "ask")
		if sent := box.one(t, "ask"); strings.Contains(fmt.Sprint(sent), "secret") {
			t.Error("set before the start, and not asked: ", sent)
		}
	}
	llmobs.SetProcessor(nil, 0)
	box := global(t)
	send(context.Background(), "plain")
	if sent := box.one(t, "plain"); !strings.Contains(fmt.Sprint(sent), "secret") {
		t.Error(sent)
	}
}
