// The application's processor looks at every span that finishes, on the goroutine that finishes it.
//
// The core hands out an event and takes it back. While the function runs no lock is held, so it may be
// slow and may call the tracer.

package engine

import (
	"bytes"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/witspan/witspan-go/internal/core"
)

// Processed is a processor's answer to an event.
type Processed struct {
	// Event is what to send.
	Event string
	// Drop says that the span is not sent.
	Drop bool
	// Failed says why the span is sent without its content.
	Failed string
}

// Processor takes a finished span as JSON text and says what to send.
type Processor func(event string) Processed

type limited struct {
	run   Processor
	limit time.Duration
}

func (l *limited) process(event string) (processed Processed) {
	defer func() {
		if cause := recover(); cause != nil {
			processed = Processed{Failed: fmt.Sprint("it panicked: ", cause)}
		}
	}()
	return l.run(event)
}

// running knows the goroutines whose processor runs now, and what that finished itself.
type running struct {
	count atomic.Int32
	mu    sync.Mutex
	spans map[string][]Ref
}

// here says whether a processor runs on this goroutine. Go gives no name of it but in a stack trace; that
// takes a microsecond, which only programs pay whose processor runs at this moment.
func (r *running) here() bool {
	if r.count.Load() == 0 {
		return false
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	_, is := r.spans[goroutine()]
	return is
}

func goroutine() string {
	var buffer [64]byte
	text := buffer[:runtime.Stack(buffer[:], false)]
	// goroutine 18 [running]:
	text = bytes.TrimPrefix(text, []byte("goroutine "))
	name, _, _ := bytes.Cut(text, []byte(" "))
	return string(name)
}

// setProcessor sets the processor in every instance, and in every later one.
func (p *pool) setProcessor(run Processor, limit time.Duration) {
	given := core.Option[uint64]{}
	if run == nil {
		p.processor.Store(nil)
	} else {
		given = core.Some(uint64(max(limit, 0)))
		p.processor.Store(&limited{run, limit})
	}
	p.configuration.Lock()
	p.configuration.limit = given
	p.configuration.Unlock()
	for _, s := range p.shards {
		s.mu.Lock()
		if s.instance != nil {
			// An instance that traps is replaced, and the new one gets the processor.
			if err := s.instance.SetProcessor(given); err != nil {
				p.died(s, err)
			}
		}
		s.mu.Unlock()
	}
}

// process runs the processor on the span that just finished. It gives whether the worker should poll.
func (p *pool) process(span Ref) (shouldPoll bool) {
	me := goroutine()
	p.running.mu.Lock()
	if _, is := p.running.spans[me]; is {
		// The processor itself finished this span: it is processed when that has returned.
		p.running.spans[me] = append(p.running.spans[me], span)
		p.running.mu.Unlock()
		return false
	}
	if p.running.spans == nil {
		p.running.spans = map[string][]Ref{}
	}
	p.running.spans[me] = nil
	p.running.mu.Unlock()
	p.running.count.Add(1)
	defer func() {
		p.running.mu.Lock()
		delete(p.running.spans, me)
		p.running.mu.Unlock()
		p.running.count.Add(-1)
	}()
	for {
		shouldPoll = p.processOne(span) || shouldPoll
		p.running.mu.Lock()
		left := p.running.spans[me]
		if len(left) == 0 {
			p.running.mu.Unlock()
			return shouldPoll
		}
		span = left[len(left)-1]
		p.running.spans[me] = left[:len(left)-1]
		p.running.mu.Unlock()
	}
}

// processOne processes the oldest queued event of the span's instance, not necessarily the span's own.
// Each finish processes one, so every event is processed once.
func (p *pool) processOne(span Ref) bool {
	processor := p.processor.Load()
	if processor == nil {
		return false
	}
	taken, err := ask(p, span, (*core.Instance).TakeEvent)
	if err != nil || !taken.Has {
		return false
	}
	began := p.clock.Monotonic()
	processed := processor.process(taken.Value.Span)
	late := p.clock.Monotonic()-began > uint64(max(processor.limit, 0))
	outcome := core.ProcessingOutcome{Tag: core.ProcessingOutcomeProcessed, Text: bounded(processed.Event)}
	switch {
	case processed.Failed != "":
		outcome = core.ProcessingOutcome{Tag: core.ProcessingOutcomeFailed}
	case processed.Drop:
		outcome = core.ProcessingOutcome{Tag: core.ProcessingOutcomeDrop}
	}
	s, err := p.of(span)
	if err != nil {
		return false
	}
	defer s.mu.Unlock()
	returned, err := s.instance.ReturnEvent(taken.Value.ID, outcome)
	if err != nil {
		if !p.died(s, err) {
			p.tellLate(processor.limit)
		}
		return false
	}
	if returned.Dropped.Has {
		s.counts.Spans.Dropped[returned.Dropped.Value]++
		p.tellDropped(returned.Dropped.Value)
	}
	if returned.ContentDropped {
		s.counts.ContentDropped++
		switch {
		case late:
			p.tellLate(processor.limit)
		case processed.Failed != "":
			p.tellContentDropped(processed.Failed)
		default:
			p.tellContentDropped("it did not return a valid event")
		}
	}
	return returned.ShouldPoll
}

func (p *pool) tellLate(limit time.Duration) {
	p.tellContentDropped("it took longer than " + limit.String())
}

func (p *pool) tellContentDropped(why string) {
	p.notices.tell(topicProcessor, func() event { return event{"event": "processor-failed", "why": why} })
}
