// The end of a tracer: nothing hangs, nothing is lost uncounted, nothing is left.

package llmobs_test

import (
	"context"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/witspan/witspan-go/llmobs"
	"github.com/witspan/witspan-go/tracer"
)

func TestAShutdownUnderLoadHangsNobodyAndCountsEverySpan(t *testing.T) {
	_, server := serve(t)
	made, ctx, _ := sending(t, append(direct(server.URL), tracer.WithQueueBytes(500_000), tracer.WithBatchAge(time.Millisecond))...)
	var group sync.WaitGroup
	over := make(chan struct{})
	for range 64 {
		group.Add(1)
		go func() {
			defer group.Done()
			for {
				select {
				case <-over:
					return
				default:
				}
				parent, inner := llmobs.StartWorkflowSpan(ctx, "parent")
				span(inner, "child")
				parent.Finish()
			}
		}()
	}
	eventually(t, "some arrive", func() bool { return made.Stats().Spans.Delivered > 100 })
	if _, err := made.Shutdown(within(t)); err != nil {
		t.Error(err)
	}
	if result, err := made.Shutdown(within(t)); err != nil || !result.Settled {
		t.Error("the second one: ", result, err)
	}
	close(over)
	group.Wait()
	counts := made.Stats().Spans
	if counts.Accepted != counts.Delivered+sum(counts.Dropped) || counts.Accepted == 0 {
		t.Errorf("%+v", counts)
	}
}

func TestManyShutdownsAndFlushesAtOnceAllEnd(t *testing.T) {
	made, ctx, box := recorded(t)
	var group sync.WaitGroup
	for n := range 24 {
		group.Add(1)
		go func() {
			defer group.Done()
			span(ctx, "span")
			if n%3 == 0 {
				_, _ = made.Shutdown(within(t))
			} else {
				_, _ = made.Flush(within(t))
			}
		}()
	}
	group.Wait()
	counts := made.Stats().Spans
	balance(t, counts)
	box.mu.Lock()
	defer box.mu.Unlock()
	// What was under way when a shutdown closed the tracer counts as lost, and may arrive.
	if arrived := uint64(len(box.spans)); counts.Delivered == 0 || arrived < counts.Delivered {
		t.Errorf("%d arrived, %+v", arrived, counts)
	}
}

func TestAShutdownThatCannotSendCountsAndSaysSo(t *testing.T) {
	release := make(chan struct{})
	_, server := serve(t, func(w http.ResponseWriter, _ *http.Request) { <-release })
	defer close(release)
	made, ctx, box := sending(t, direct(server.URL)...)
	span(ctx, "unsent")
	open, _ := llmobs.StartTaskSpan(ctx, "open")
	result, err := made.Shutdown(briefly(t))
	if err == nil || result.Settled {
		t.Error(result, err)
	}
	counts := result.Statistics.Spans
	if counts.Dropped["shutdown"] != 1 || counts.Dropped["unfinished"] != 1 || counts.Accepted != 2 {
		t.Errorf("%+v", counts)
	}
	if strings.Count(box.log(), "code=") != 1 || !strings.Contains(box.log(), "code=ended") {
		t.Error(box.log())
	}
	open.Finish()
	if after := made.Stats().Spans; after.Accepted != 2 || sum(after.Dropped) != 2 {
		t.Errorf("%+v", after)
	}
}

func TestASecondStartSendsWhatTheFirstHad(t *testing.T) {
	first := global(t)
	span(context.Background(), "first")
	second := global(t)
	span(context.Background(), "second")
	tracer.Flush()
	first.mu.Lock()
	equal(t, "spans of the first", len(first.spans), 1)
	first.mu.Unlock()
	second.one(t, "second")
	tracer.Stop()
	tracer.Stop()
	tracer.Flush()
	if _, err := llmobs.Shutdown(within(t)); err != nil {
		t.Error(err)
	}
	if lost, _ := llmobs.StartTaskSpan(context.Background(), "after"); lost.SpanID() != "" {
		t.Error("a span after the end")
	}
}

func TestStartsAndStopsAtOnceAllEnd(t *testing.T) {
	global(t)
	var group sync.WaitGroup
	for n := range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			if n%2 == 0 {
				_ = tracer.Start(tracer.WithMLApp("test"), tracer.WithSlog(slog.New(slog.DiscardHandler)),
					tracer.WithExporter(func(*tracer.Exported) error { return nil }))
			}
			span(context.Background(), "x")
			tracer.Stop()
		}()
	}
	group.Wait()
}

// stacks gives the goroutines of this module.
func stacks() (found []string) {
	buffer := make([]byte, 1<<20)
	for _, one := range strings.Split(string(buffer[:runtime.Stack(buffer, true)]), "\n\n") {
		if strings.Contains(one, "witspan-go/internal/") || strings.Contains(one, "net/http.(*persistConn)") {
			found = append(found, one)
		}
	}
	return found
}

func TestNoGoroutineIsLeftAfterAShutdown(t *testing.T) {
	_, server := serve(t)
	for range 3 {
		made, ctx, _ := sending(t, append(direct(server.URL), tracer.WithHandleSignals(true))...)
		span(ctx, "x")
		if _, err := made.Shutdown(within(t)); err != nil {
			t.Error(err)
		}
	}
	eventually(t, "every goroutine ends", func() bool { return len(stacks()) == 0 })
}

// collect has the garbage collector run until it is so.
func collect(t *testing.T, what string, is func() bool) {
	t.Helper()
	eventually(t, what, func() bool {
		runtime.GC()
		return is()
	})
}

func TestATracerThatNobodyHoldsSendsWhatHadFinishedAndEnds(t *testing.T) {
	r, server := serve(t)
	for _, spans := range []bool{true, false} {
		func() {
			made, err := llmobs.NewTracer(append(direct(server.URL), tracer.WithMLApp("test"), tracer.WithBatchAge(time.Hour),
				tracer.WithHandleSignals(true))...)
			if err != nil {
				t.Fatal(err)
			}
			if spans {
				span(made.NewContext(context.Background()), "left")
			}
		}()
	}
	collect(t, "the span arrives", func() bool { return r.count("left") == 1 })
	collect(t, "every goroutine ends", func() bool { return len(stacks()) == 0 })
}

func TestATracerGoesOnWhileAContextOfItIsHeld(t *testing.T) {
	r, server := serve(t)
	ctx := func() context.Context {
		made, err := llmobs.NewTracer(append(direct(server.URL), tracer.WithMLApp("test"), tracer.WithBatchAge(time.Millisecond))...)
		if err != nil {
			t.Fatal(err)
		}
		return made.NewContext(context.Background())
	}()
	span(ctx, "first")
	collect(t, "the first arrives", func() bool { return r.count("first") == 1 })
	for range 5 {
		runtime.GC()
		time.Sleep(10 * time.Millisecond)
	}
	span(ctx, "second")
	eventually(t, "the second arrives", func() bool { return r.count("second") == 1 })
	runtime.KeepAlive(ctx)
}
