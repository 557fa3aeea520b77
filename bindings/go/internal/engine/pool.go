// Package engine is the host of the core in Go: instances, the goroutine that sends, counters, notices,
// the application's processor.
//
// An instance serves one call at a time. A trace lives in the instance of its root span, so that a span
// and its parent are together. A root span goes to an instance that is free. When an instance traps, a new
// one replaces it, and the spans that it held are counted as lost. This file has the instances.
package engine

import (
	"errors"
	"sync"
	"sync/atomic"

	"github.com/witspan/witspan-go/internal/core"
	"github.com/witspan/witspan-go/internal/settings"
)

// Why a call did nothing, beside the errors of the core.
var (
	// ErrOff says that the tracer has been shut down, or tracing is off.
	ErrOff = errors.New("tracing is off")
	// ErrLost says that the instance that held the span trapped; the span is counted as lost.
	ErrLost = errors.New("the span was lost when the tracing core failed")
)

// Ref is a span of a tracer; the zero value is the span that is not kept.
type Ref struct {
	shard, epoch uint32
	handle       core.Span
}

// IsNone says whether it is the span that is not kept.
func (r Ref) IsNone() bool { return r.handle == 0 }

// shard is a place for an instance. The padding keeps its lock out of its neighbour's cache line.
type shard struct {
	mu       sync.Mutex
	instance *core.Instance
	epoch    uint32
	// The host's own counters for the live instance.
	counts Statistics
	_      [64]byte
}

type pool struct {
	clock Clock
	// configuration is what each new instance is given.
	configuration struct {
		sync.Mutex
		settings string
		limit    core.Option[uint64]
	}
	shards []*shard
	// homes gives each processor of the machine a shard of its own, so that its lock stays in its cache.
	homes sync.Pool
	next  atomic.Uint32
	// past has the counters of instances that are gone, and of answers that came too late for them.
	past struct {
		sync.Mutex
		Statistics
	}
	closed  atomic.Bool
	notices *notices

	processor atomic.Pointer[limited]
	running   running
}

// newPool makes a pool whose first instance is this one.
func newPool(first *core.Instance, clock Clock, plan *settings.Plan, count int, notices *notices) (*pool, error) {
	p := &pool{clock: clock, notices: notices}
	p.configuration.settings = plan.Settings
	warnings, err := first.Configure(plan.Settings)
	if err != nil {
		return nil, err
	}
	for range max(count, 1) {
		p.shards = append(p.shards, &shard{})
	}
	p.shards[0].instance = first
	notices.tellPlan(plan.Diagnostics, warnings)
	return p, nil
}

// alive gives the live instance of a shard, which is made if needed.
func (p *pool) alive(s *shard) (*core.Instance, error) {
	if s.instance == nil {
		fresh := core.New(p.clock)
		p.configuration.Lock()
		defer p.configuration.Unlock()
		// The first instance has given the same warnings.
		if _, err := fresh.Configure(p.configuration.settings); err != nil {
			fresh.Close()
			return nil, err
		}
		if p.configuration.limit.Has {
			if err := fresh.SetProcessor(p.configuration.limit); err != nil {
				fresh.Close()
				return nil, err
			}
		}
		s.instance = fresh
		s.counts = Statistics{}
	}
	return s.instance, nil
}

// free locks a shard for a call that any instance can serve: the one that this processor of the machine
// used last, or another that nobody holds.
func (p *pool) free() (uint32, *shard) {
	count := uint32(len(p.shards))
	if count == 1 {
		p.shards[0].mu.Lock()
		return 0, p.shards[0]
	}
	home, known := p.homes.Get().(*uint32)
	if !known {
		home = new(uint32)
		*home = (p.next.Add(1) - 1) % count
	}
	at := *home
	for step := range count {
		at := (at + step) % count
		if p.shards[at].mu.TryLock() {
			*home = at
			p.homes.Put(home)
			return at, p.shards[at]
		}
	}
	p.homes.Put(home)
	p.shards[at].mu.Lock()
	return at, p.shards[at]
}

// of locks the shard of a span, unless the instance that held it is gone.
func (p *pool) of(span Ref) (*shard, error) {
	s := p.shards[span.shard]
	s.mu.Lock()
	switch {
	case p.closed.Load():
		s.mu.Unlock()
		return nil, ErrOff
	case s.epoch != span.epoch:
		s.mu.Unlock()
		return nil, ErrLost
	}
	return s, nil
}

// died says whether an error of a call is a trap, and then buries the instance.
func (p *pool) died(s *shard, err error) bool {
	trap, trapped := err.(*core.Trap)
	if !trapped {
		return false
	}
	s.instance.Close()
	s.instance = nil
	s.epoch++
	dead := s.counts
	s.counts = Statistics{}
	spans, evaluations := dead.end(core.DropReasonTrap, core.DropReasonTrap)
	p.past.Lock()
	p.past.add(&dead)
	p.past.Unlock()
	p.notices.tell(topicTrap, func() event {
		return event{"event": "trapped", "why": trap.Error(), "spans": spans, "evaluations": evaluations}
	})
	return true
}

// tellDropped logs a drop whose reason is a memory limit.
func (p *pool) tellDropped(reason core.DropReason) {
	switch reason {
	case core.DropReasonTooLarge, core.DropReasonQueueFull, core.DropReasonOpenFull:
		p.notices.tell(topicFull, func() event {
			return event{"event": "dropped", "reason": reason.String()}
		})
	}
}

// warned counts warnings of a call, and logs the first.
func (p *pool) warned(counts *Statistics, warnings []core.Warning) {
	if len(warnings) == 0 {
		return
	}
	counts.Warnings += uint64(len(warnings))
	p.notices.tell(topicAnnotation, func() event {
		return event{"event": "changed", "why": warnings[0].Message}
	})
}

// counters gives the counters of a shard's live instance, if it has one.
func (p *pool) counters(s *shard) (found Statistics, has bool) {
	if s.instance == nil {
		return found, false
	}
	counters, err := s.instance.Statistics()
	if err != nil {
		p.died(s, err)
		return found, false
	}
	return statisticsOf(&counters), true
}

func (p *pool) statistics() (total Statistics) {
	// All shards are locked at once, in order, so that the sum is of one moment.
	for _, s := range p.shards {
		s.mu.Lock()
		defer s.mu.Unlock()
	}
	for _, s := range p.shards {
		if found, has := p.counters(s); has {
			total.add(&found)
		}
	}
	p.past.Lock()
	defer p.past.Unlock()
	total.add(&p.past.Statistics)
	return total
}

// known gives the counters as the host has them: no instance is asked, which may be busy.
func (p *pool) known() (total Statistics) {
	for _, s := range p.shards {
		s.mu.Lock()
		total.add(&s.counts)
		s.mu.Unlock()
	}
	p.past.Lock()
	defer p.past.Unlock()
	total.add(&p.past.Statistics)
	return total
}

// close ends all instances, and counts the spans and evaluations that they still held.
func (p *pool) close() {
	p.closed.Store(true)
	for _, s := range p.shards {
		s.mu.Lock()
		if last, has := p.counters(s); has {
			s.instance.Close()
			s.instance = nil
			s.epoch++
			last.end(core.DropReasonShutdown, core.DropReasonUnfinished)
			p.past.Lock()
			p.past.add(&last)
			p.past.Unlock()
		}
		s.mu.Unlock()
	}
	p.past.Lock()
	defer p.past.Unlock()
	lost := core.Some(core.DropReasonShutdown)
	p.past.Spans.arrive(p.past.Spans.InFlight, lost)
	p.past.Evaluations.arrive(p.past.Evaluations.InFlight, lost)
}
