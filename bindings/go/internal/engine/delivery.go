// The worker's calls of the instances: which request to send next, and the outcome of each.

package engine

import (
	"github.com/witspan/witspan-go/internal/core"
)

// ticket names a request that an instance handed out.
type ticket struct {
	shard       int
	epoch       uint32
	request     uint64
	spans       uint64
	evaluations uint64
}

func (t *ticket) load() uint64 { return t.spans + t.evaluations }

// polled is an instance's answer to a poll.
type polled struct {
	action core.Action
	ticket ticket
	// How many finished spans and evaluations the instance still holds.
	queued uint64
}

// setTargets tells every instance, and every later one, where spans go. The settings are those of later
// ones.
func (p *pool) setTargets(targets, settings string) {
	p.configuration.Lock()
	p.configuration.settings = settings
	p.configuration.Unlock()
	for _, s := range p.shards {
		s.mu.Lock()
		if s.instance != nil {
			// An instance that was made meanwhile has the targets already, and refuses them. That is
			// fine here.
			if err := s.instance.SetTargets(targets); err != nil {
				p.died(s, err)
			}
		}
		s.mu.Unlock()
	}
}

// poll gives the next action of an instance; false if the shard has none.
func (p *pool) poll(at int, mode core.PollMode) (found polled, has bool) {
	s := p.shards[at]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.instance == nil || p.closed.Load() {
		return found, false
	}
	action, err := s.instance.Poll(mode)
	if err != nil {
		p.died(s, err)
		return found, false
	}
	found = polled{action: action, ticket: ticket{shard: at, epoch: s.epoch}}
	if action.Tag == core.ActionSend {
		found.ticket.request = action.Request.ID
		found.ticket.spans = uint64(action.Request.Spans)
		found.ticket.evaluations = uint64(action.Request.Evaluations)
		s.counts.Spans.InFlight += found.ticket.spans
		s.counts.Evaluations.InFlight += found.ticket.evaluations
	}
	// Only the instance knows what the poll itself dropped.
	if counters, has := p.counters(s); has {
		const full = core.DropReasonQueueFull
		if counters.Spans.Dropped[full] > s.counts.Spans.Dropped[full] {
			p.tellDropped(full)
		}
		if processor := p.processor.Load(); processor != nil && counters.ContentDropped > s.counts.ContentDropped {
			p.tellLate(processor.limit)
		}
		s.counts = counters
	}
	found.queued = s.counts.Spans.Queued + s.counts.Evaluations.Queued
	return found, true
}

// complete reports the outcome of a request. It gives what to do with the request.
func (p *pool) complete(t ticket, outcome core.Outcome) core.Disposition {
	s := p.shards[t.shard]
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.closed.Load() {
		return core.Disposition{Tag: core.DispositionDropped, DropReason: core.DropReasonShutdown}
	}
	if s.epoch != t.epoch {
		return p.completeForTheDead(t, &outcome)
	}
	disposition, err := s.instance.Complete(t.request, outcome)
	if err != nil {
		// If the instance has just trapped, its counts, with this request, are in past.
		p.died(s, err)
		return p.completeForTheDead(t, &outcome)
	}
	var lost core.Option[core.DropReason]
	switch disposition.Tag {
	case core.DispositionRetry:
		return disposition
	case core.DispositionDropped:
		lost = core.Some(disposition.DropReason)
	}
	s.counts.Spans.arrive(t.spans, lost)
	s.counts.Evaluations.arrive(t.evaluations, lost)
	return disposition
}

func (p *pool) completeForTheDead(t ticket, outcome *core.Outcome) (disposition core.Disposition) {
	status := outcome.Response.Status
	var lost core.Option[core.DropReason]
	if outcome.Tag != core.OutcomeResponse || status < 200 || status > 299 {
		lost = core.Some(core.DropReasonTrap)
		disposition = core.Disposition{Tag: core.DispositionDropped, DropReason: core.DropReasonTrap}
	}
	p.past.Lock()
	defer p.past.Unlock()
	p.past.Spans.arrive(t.spans, lost)
	p.past.Evaluations.arrive(t.evaluations, lost)
	return disposition
}
