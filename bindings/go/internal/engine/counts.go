// The counters of spans and evaluations: those that a user reads, and those that the host keeps itself,
// because an instance that trapped cannot be asked.

package engine

import (
	"encoding/json"
	"strings"

	"github.com/witspan/witspan-go/internal/core"
)

// reasons is how many drop reasons the contract has.
const reasons = int(core.DropReasonNoReceiver) + 1

// Dropped counts what was lost, by reason.
type Dropped [reasons]uint64

// Sum is what was lost for any reason.
func (d *Dropped) Sum() (sum uint64) {
	for _, count := range d {
		sum += count
	}
	return sum
}

// ByReason gives the reasons that occurred, by their names with `_`.
func (d *Dropped) ByReason() map[string]uint64 {
	found := map[string]uint64{}
	for reason, count := range d {
		if count > 0 {
			found[strings.ReplaceAll(core.DropReason(reason).String(), "-", "_")] = count
		}
	}
	return found
}

// contract gives the reasons that occurred by the contract's names.
func (d *Dropped) contract() map[string]uint64 {
	found := map[string]uint64{}
	for reason, count := range d {
		if count > 0 {
			found[core.DropReason(reason).String()] = count
		}
	}
	return found
}

func (d *Dropped) add(other *Dropped) {
	for reason, count := range other {
		d[reason] += count
	}
}

func (d *Dropped) set(counts []core.DropCount) {
	for _, dropped := range counts {
		d[dropped.Reason] += dropped.Count
	}
}

// Tally counts spans, or evaluations and feedback. At any moment
// Accepted = Open + Queued + InFlight + Delivered + the sum of Dropped.
type Tally struct {
	Accepted, Open, Queued, InFlight, Delivered uint64
	Dropped                                     Dropped
}

// Pending are those whose outcome is open.
func (t *Tally) Pending() uint64 { return t.Open + t.Queued + t.InFlight }

func (t *Tally) add(other *Tally) {
	t.Accepted += other.Accepted
	t.Open += other.Open
	t.Queued += other.Queued
	t.InFlight += other.InFlight
	t.Delivered += other.Delivered
	t.Dropped.add(&other.Dropped)
}

// arrive counts the outcome of a request that held so many.
func (t *Tally) arrive(count uint64, lost core.Option[core.DropReason]) {
	t.InFlight -= min(t.InFlight, count)
	if lost.Has {
		t.Dropped[lost.Value] += count
	} else {
		t.Delivered += count
	}
}

// end counts the end of an instance: what it had queued is lost for the one reason, what was open for
// the other. Requests in flight stay so. It gives how many were lost.
func (t *Tally) end(held, open core.DropReason) uint64 {
	known := t.InFlight + t.Delivered + t.Dropped.Sum()
	lost := t.Accepted - min(t.Accepted, known)
	unfinished := min(t.Open, lost)
	t.Dropped[open] += unfinished
	t.Dropped[held] += lost - unfinished
	t.Open, t.Queued = 0, 0
	return lost
}

// Statistics are the counters since a tracer started, summed over its instances.
type Statistics struct {
	Spans, Evaluations                                                      Tally
	AnnotationsRejected, EvaluationsRejected, Warnings, Cut, ContentDropped uint64
	Bytes                                                                   uint64
}

func (s *Statistics) add(other *Statistics) {
	s.Spans.add(&other.Spans)
	s.Evaluations.add(&other.Evaluations)
	s.AnnotationsRejected += other.AnnotationsRejected
	s.EvaluationsRejected += other.EvaluationsRejected
	s.Warnings += other.Warnings
	s.Cut += other.Cut
	s.ContentDropped += other.ContentDropped
	s.Bytes += other.Bytes
}

func (s *Statistics) end(held, open core.DropReason) (spans, evaluations uint64) {
	s.Bytes = 0
	return s.Spans.end(held, open), s.Evaluations.end(held, held)
}

func statisticsOf(counters *core.Counters) (s Statistics) {
	of := &counters.Evaluations
	s = Statistics{
		Spans: Tally{
			Accepted: counters.Accepted, Open: counters.Open, Queued: counters.Queued,
			InFlight: counters.InFlight, Delivered: counters.Delivered,
		},
		Evaluations: Tally{
			Accepted: of.Accepted, Queued: of.Queued, InFlight: of.InFlight, Delivered: of.Delivered,
		},
		AnnotationsRejected: counters.AnnotationsRejected,
		EvaluationsRejected: counters.EvaluationsRejected,
		Warnings:            counters.Warnings,
		Cut:                 counters.Cut,
		ContentDropped:      counters.ContentDropped,
		Bytes:               counters.Bytes,
	}
	s.Spans.Dropped.set(counters.Dropped)
	s.Evaluations.Dropped.set(of.Dropped)
	return s
}

// losses gives the JSON from which the core makes the header that reports losses; "" if there are none.
func (s *Statistics) losses(client string) string {
	if s.Spans.Dropped.Sum()+s.Evaluations.Dropped.Sum() == 0 {
		return ""
	}
	return text(map[string]any{
		"client": client, "spans": s.Spans.Dropped.contract(), "evaluations": s.Evaluations.Dropped.contract(),
	})
}

// text writes what always has a JSON text.
func text(value any) string {
	written, err := json.Marshal(value)
	if err != nil {
		return "{}"
	}
	return string(written)
}
