// What is lost when the core fails in the middle of a call, and that it is counted.

package engine

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/witspan/witspan-go/internal/core"
)

func TestATrapLosesWhatItsInstanceHeldAndExactlyThatIsCounted(t *testing.T) {
	r := receive(t, answer{status: 202}, answer{status: 202, held: true})
	tr, said := tracer(t, r, nil, &Fixed{Start: 1})
	raw := fragile(t, tr)

	makeMany(t, tr, "delivered", 5)
	tr.Flush(within(t))
	makeMany(t, tr, "under way", 2)
	if tr.Flush(briefly(t)).Settled {
		t.Fatal("nothing was answered, and the flush is settled")
	}
	eventually(t, "two requests", func() bool { return r.count() == 2 })
	makeMany(t, tr, "queued", 3)
	open := []Ref{root(t, tr, "open0"), root(t, tr, "open1"), root(t, tr, "open2"), root(t, tr, "open3")}
	tr.Abandon(root(t, tr, "abandoned"))
	before := tr.Statistics().Spans
	if before.Accepted != 15 || before.Open != 4 || before.Queued != 3 || before.InFlight != 2 || before.Delivered != 5 {
		t.Errorf("before: %+v", before)
	}

	raw.next("Annotate")
	if err := tr.Annotate(open[0], `{"input": "x"}`); !errors.Is(err, ErrLost) {
		t.Error(err)
	}
	counts := tr.Statistics()
	after := counts.Spans
	if after.Dropped[core.DropReasonTrap] != 7 || after.Dropped[core.DropReasonUnfinished] != 1 || after.Dropped.Sum() != 8 {
		t.Errorf("after: %v", after.Dropped.ByReason())
	}
	if after.Accepted != 15 || after.Open != 0 || after.Queued != 0 || after.InFlight != 2 || after.Delivered != 5 {
		t.Errorf("after: %+v", after)
	}
	if counts.Bytes != 0 || counts.AnnotationsRejected != 1 {
		t.Errorf("%+v", counts)
	}
	if lines := said.of("trapped"); len(lines) != 1 || !strings.Contains(lines[0], "7 spans were lost") {
		t.Error(said.lines)
	}

	// What was under way does not need the instance to arrive.
	r.let()
	makeMany(t, tr, "after", 1)
	ended := tr.Shutdown(within(t)).Statistics.Spans
	if ended.Accepted != 16 || ended.Delivered != 8 || ended.Dropped.Sum() != 8 {
		t.Errorf("ended: %+v", ended)
	}
	names := r.names(t)
	if len(names) != 8 || names["after0"] != 1 || names["under way1"] != 1 {
		t.Error(names)
	}
}

func TestCallsWithSpansOfADeadInstanceDoNothing(t *testing.T) {
	r := receive(t)
	tr, _ := tracer(t, r, nil, &Fixed{})
	raw := fragile(t, tr)
	above := root(t, tr, "above")
	below, err := tr.StartSpan(core.SpanKindTask, Parent{Tag: core.ParentChildOf, Span: above}, "below", nil)
	if err != nil {
		t.Fatal(err)
	}
	raw.next("Annotate")
	_ = tr.Annotate(below, `{}`)
	if err := tr.Annotate(below, `{"input": "more"}`); !errors.Is(err, ErrLost) {
		t.Error(err)
	}
	if _, err := tr.IDs(above); !errors.Is(err, ErrLost) {
		t.Error(err)
	}
	finish(tr, below)
	tr.Abandon(above)
	orphan, err := tr.StartSpan(core.SpanKindTask, Parent{Tag: core.ParentChildOf, Span: above}, "orphan", nil)
	if err != nil || orphan.IsNone() {
		t.Fatal(orphan, err)
	}
	// The first span of the next instance has the same number inside.
	if info, err := tr.Info(orphan); err != nil || info.ParentID.Has {
		t.Error(info, err)
	}
	finish(tr, orphan)
	ended := tr.Shutdown(within(t)).Statistics
	if ended.Spans.Accepted != 3 || ended.Spans.Delivered != 1 || ended.Spans.Dropped[core.DropReasonTrap] != 2 {
		t.Errorf("%+v", ended.Spans)
	}
	if ended.AnnotationsRejected != 2 {
		t.Error("what annotations carried is counted: ", ended.AnnotationsRejected)
	}
}

// Each call fails once, while one span is open and one waits; the call itself must neither panic nor hang, and
// the next span arrives.
func TestAFailureInAnyCallIsCountedAndTheNextSpanArrives(t *testing.T) {
	calls := map[string]func(*Tracer, Ref){
		"StartSpan":    func(tr *Tracer, _ Ref) { _, _ = tr.StartSpan(core.SpanKindLLM, Parent{}, "new", nil) },
		"Annotate":     func(tr *Tracer, span Ref) { _ = tr.Annotate(span, `{"input": "x"}`) },
		"Finish":       func(tr *Tracer, span Ref) { finish(tr, span) },
		"Abandon":      func(tr *Tracer, span Ref) { tr.Abandon(span) },
		"ExportSpan":   func(tr *Tracer, span Ref) { _, _ = tr.IDs(span) },
		"CheckContext": func(tr *Tracer, _ Ref) { _ = tr.CheckContext(`{"name": "x"}`) },
		"Statistics":   func(tr *Tracer, _ Ref) { tr.Statistics() },
		"Poll":         func(tr *Tracer, _ Ref) { tr.Flush(within(t)) },
		"SetProcessor": func(tr *Tracer, _ Ref) { tr.SetProcessor(nil, 0) },
		"RecordSpan": func(tr *Tracer, _ Ref) {
			_, _ = tr.Record(`{"kind": "task", "start_ns": 1, "end_ns": 2}`)
		},
		"Submit": func(tr *Tracer, _ Ref) {
			_ = tr.Submit(`{"label": "l", "metric_type": "score", "value": 1, "session_id": "s"}`, false)
		},
		"TakeEvent":   func(tr *Tracer, span Ref) { finish(tr, span) },
		"ReturnEvent": func(tr *Tracer, span Ref) { finish(tr, span) },
	}
	own := map[string]uint64{"StartSpan": 1, "RecordSpan": 1}
	for call, act := range calls {
		t.Run(call, func(t *testing.T) {
			r := receive(t)
			tr, said := tracer(t, r, nil, &Fixed{})
			if strings.HasSuffix(call, "Event") {
				tr.SetProcessor(func(event string) Processed { return Processed{Event: event} }, patience)
			}
			raw := fragile(t, tr)
			waits := uint64(1)
			if strings.HasSuffix(call, "Event") {
				waits = 0
			} else {
				makeMany(t, tr, "waits", 1)
			}
			span := root(t, tr, "open")
			raw.next(call)
			act(tr, span)
			counts := tr.Statistics()
			balance(t, counts.Spans)
			if lost := counts.Spans.Dropped[core.DropReasonTrap]; lost != 1+waits+own[call] {
				t.Errorf("%d spans lost by the trap: %+v", lost, counts.Spans)
			}
			if call == "Submit" {
				balance(t, counts.Evaluations)
				if lost := counts.Evaluations.Dropped[core.DropReasonTrap]; lost != 1 {
					t.Errorf("%d evaluations lost by the trap", lost)
				}
			}
			makeMany(t, tr, "next", 1)
			if flushed := tr.Flush(within(t)); !flushed.Settled || flushed.Delivered != 1 {
				t.Errorf("%+v", flushed)
			}
			if names := r.names(t); names["next0"] != 1 || len(names) != 1 {
				t.Error(names)
			}
			if len(said.of("trapped")) != 1 {
				t.Error(said.lines)
			}
		})
	}
}

func TestWhatWasUnderWayAtATrapAndFailsIsLostByTheTrap(t *testing.T) {
	r := receive(t, answer{status: 503, held: true})
	tr, _ := tracer(t, r, nil, &Fixed{})
	raw := fragile(t, tr)
	makeMany(t, tr, "under way", 2)
	tr.Flush(briefly(t))
	eventually(t, "a request", func() bool { return r.count() == 1 })
	raw.next("Annotate")
	_ = tr.Annotate(root(t, tr, "open"), `{}`)
	if counts := tr.Statistics().Spans; counts.InFlight != 2 {
		t.Errorf("%+v", counts)
	}
	r.let()
	ended := tr.Shutdown(within(t)).Statistics.Spans
	if ended.Dropped[core.DropReasonTrap] != 3 || ended.Dropped.Sum() != 3 || r.count() != 1 {
		t.Errorf("%d requests, %+v", r.count(), ended)
	}
}

func TestARequestThatWaitsToBeSentAgainAtATrapHasOneMoreAttempt(t *testing.T) {
	r := receive(t, answer{status: 429, header: map[string]string{"x-ratelimit-reset": "1"}})
	tr, said := tracer(t, r, nil, nil)
	for _, s := range tr.pool.shards[1:] {
		// Every span goes to the first.
		s.mu.Lock()
		defer s.mu.Unlock()
	}
	tr.pool.shards = tr.pool.shards[:1]
	raw := fragile(t, tr)
	makeMany(t, tr, "again", 1)
	tr.Flush(briefly(t))
	eventually(t, "a notice", func() bool { return len(said.of("unreachable")) == 1 })
	raw.next("Annotate")
	_ = tr.Annotate(root(t, tr, "open"), `{}`)
	ended := tr.Shutdown(within(t)).Statistics.Spans
	if ended.Delivered != 1 || ended.Dropped.Sum() != 1 || r.count() != 2 {
		t.Errorf("%d requests, %+v", r.count(), ended)
	}
}

func TestAnAnswerWhoseReportFailsStillCounts(t *testing.T) {
	r := receive(t)
	tr, _ := tracer(t, r, nil, &Fixed{})
	raw := fragile(t, tr)
	makeMany(t, tr, "sent", 2)
	raw.next("Complete")
	if flushed := tr.Flush(within(t)); flushed.Statistics.Spans.Delivered != 2 {
		t.Errorf("%+v", flushed.Statistics.Spans)
	}
}

func TestTrapsUnderManyGoroutinesLeaveNoSpanUncounted(t *testing.T) {
	r := receive(t)
	tr, said := tracer(t, r, map[string]string{"batch_age_ns": "1000000"}, nil)
	var made atomic.Uint64
	var all, breaking sync.WaitGroup
	over := make(chan struct{})
	breaking.Add(1)
	go func() {
		defer breaking.Done()
		for {
			select {
			case <-over:
				return
			case <-time.After(2 * time.Millisecond):
				for _, s := range tr.pool.shards {
					s.mu.Lock()
					if s.instance != nil {
						tr.pool.died(s, &core.Trap{Cause: "for a test"})
					}
					s.mu.Unlock()
				}
			}
		}
	}()
	for worker := range 6 {
		all.Add(1)
		go func() {
			defer all.Done()
			for n := range 100 {
				above := root(t, tr, fmt.Sprint(worker, ".", n))
				below, _ := tr.StartSpan(core.SpanKindTool, Parent{Tag: core.ParentCurrent, Span: above}, fmt.Sprint(worker, ".", n, ".tool"), nil)
				made.Add(2)
				_ = tr.Annotate(below, `{"input": "x"}`)
				finish(tr, below)
				finish(tr, above)
				tr.Statistics()
			}
		}()
	}
	all.Wait()
	close(over)
	breaking.Wait()
	ended := tr.Shutdown(within(t)).Statistics.Spans
	balance(t, ended)
	if ended.Accepted != made.Load() || ended.Delivered+ended.Dropped[core.DropReasonTrap] != ended.Accepted {
		t.Errorf("%d made, %+v", made.Load(), ended)
	}
	arrived := 0
	for _, count := range r.names(t) {
		arrived += count
	}
	if uint64(arrived) != ended.Delivered || len(said.of("trapped")) != 1 {
		t.Errorf("%d arrived, %d delivered; %v", arrived, ended.Delivered, said.of("trapped"))
	}
}
