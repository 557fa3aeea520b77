// The goroutine that sends. It locks an instance to poll it and to report outcomes, never while it sends.
// Nothing else waits for the network.

package engine

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/witspan/witspan-go/internal/core"
	"github.com/witspan/witspan-go/internal/sender"
	"github.com/witspan/witspan-go/internal/settings"
)

// worker is what the application's goroutines and the worker's own share.
type worker struct {
	pool     *pool
	plan     *settings.Plan
	exporter func(*sender.Exported) error
	client   *http.Client
	// name is the tracer's in the header that reports losses.
	name string
	// over ends requests that are under way when the tracer ends.
	over context.Context
	end  context.CancelFunc
	wake chan struct{}

	mu      sync.Mutex
	running bool
	// shouldPoll says that an instance has something to do.
	shouldPoll bool
	// How many flushes were asked for, and how many of these are settled.
	asked, settled uint64
	// changed is closed, and made anew, when a flush is settled.
	changed chan struct{}
	// orphaned says that nobody holds the tracer any more: what has finished is sent, then it ends.
	orphaned, stopped bool
	// wakes is when the worker, if it sleeps, polls by itself; zero for never.
	wakes time.Time
	rests bool
}

func newWorker(p *pool, plan *settings.Plan, config *Config) *worker {
	w := &worker{
		pool: p, plan: plan, exporter: config.Exporter, client: config.Client,
		name:    fmt.Sprintf("%x-%x", os.Getpid(), time.Now().UnixNano()),
		wake:    make(chan struct{}, 1),
		changed: make(chan struct{}),
	}
	w.over, w.end = context.WithCancel(context.Background())
	if plan.Discovery != nil {
		// The agent is asked now, so that its answer is known before the first batch is due.
		w.tell(func() {})
	}
	return w
}

// tell changes the state and wakes the worker, which is started if it does not run yet.
func (w *worker) tell(write func()) {
	w.mu.Lock()
	write()
	if !w.running && !w.stopped {
		w.running = true
		go w.run()
	}
	w.mu.Unlock()
	w.rouse()
}

func (w *worker) rouse() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// attend wakes the worker: there is something to send.
func (w *worker) attend() { w.tell(func() { w.shouldPoll = true }) }

// attendBy has the worker poll after this time at the latest. It nearly always polls earlier anyway, and
// need not be woken then.
func (w *worker) attendBy(wait time.Duration) {
	w.mu.Lock()
	late := !w.running || w.rests && (w.wakes.IsZero() || w.wakes.After(time.Now().Add(wait)))
	w.mu.Unlock()
	if late {
		w.attend()
	}
}

// flush sends everything that has finished, and waits for that as long as the context lasts. It gives
// whether all of it was settled: delivered or dropped.
func (w *worker) flush(ctx context.Context) bool {
	var number uint64
	w.tell(func() { w.asked++; number = w.asked })
	for {
		w.mu.Lock()
		settled, stopped, changed := w.settled >= number, w.stopped, w.changed
		w.mu.Unlock()
		if settled || stopped {
			return settled
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return false
		}
	}
}

// stop flushes, and ends the goroutine.
func (w *worker) stop(ctx context.Context) bool {
	settled := w.flush(ctx)
	w.mu.Lock()
	w.stopped = true
	close(w.changed)
	w.changed = make(chan struct{})
	w.mu.Unlock()
	w.end()
	w.rouse()
	return settled
}

// orphan has the goroutine end once everything that has finished is sent. The garbage collector calls it.
func (w *worker) orphan() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.orphaned = true
	if w.running {
		w.asked++
		w.rouse()
	} else if !w.stopped {
		w.stopped = true
		go w.endAlone()
	}
}

// again is a request to send once more.
type again struct {
	at      time.Time
	ticket  ticket
	request core.Request
}

// delivery is what only the worker's goroutine has.
type delivery struct {
	*worker
	sender  *sender.Sender
	repeats []again
	// seen is the number of the last flush for which the instances were polled.
	seen uint64
	// setup makes the header that reports losses, once there are some.
	setup *core.Instance
}

func (w *worker) run() {
	d := &delivery{worker: w}
	d.sender = d.decide()
	defer d.sender.CloseIdle()
	// Spans that finished before the target was known wait for this first pass.
	next := time.Now()
	for {
		mode, asked, goesOn := d.rest(next)
		if !goesOn {
			break
		}
		d.seen = asked
		next = d.pass(mode)
		w.pool.notices.deliver()
		if len(d.repeats) == 0 {
			w.mu.Lock()
			w.settled = max(w.settled, asked)
			if !w.stopped {
				close(w.changed)
				w.changed = make(chan struct{})
			}
			w.mu.Unlock()
		}
	}
	if d.setup != nil {
		d.setup.Close()
	}
	if w.isStopped() {
		return
	}
	w.endAlone()
}

// endAlone ends what nobody holds any more: its memory goes now, and not with the garbage.
func (w *worker) endAlone() {
	w.end()
	w.pool.close()
}

// decide finds where spans go, and tells the instances if they do not know yet.
func (d *delivery) decide() *sender.Sender {
	targets := d.plan.Targets
	if discovery := d.plan.Discovery; discovery != nil {
		raw := discovery.Otherwise
		if sender.Finds(d.over, d.plan, discovery, d.client) {
			raw = discovery.Found
		}
		d.pool.setTargets(string(raw), d.plan.WithTargets(raw))
		targets = settings.TargetsOf(raw)
	}
	var target settings.Target
	if len(targets) > 0 {
		target = targets[0]
	}
	return sender.New(d.plan, target, d.exporter, d.client)
}

// rest sleeps until there is something to do. It gives how to poll and the number of the last flush that
// was asked for; false if the goroutine is to end.
func (d *delivery) rest(until time.Time) (mode core.PollMode, asked uint64, goesOn bool) {
	for {
		d.mu.Lock()
		if d.stopped || d.orphaned && d.settled >= d.asked {
			d.mu.Unlock()
			return mode, 0, false
		}
		left := time.Until(until)
		if d.shouldPoll || d.asked > d.seen || !until.IsZero() && left <= 0 {
			d.shouldPoll, d.rests = false, false
			if d.asked > d.settled {
				mode = core.PollModeEverything
			}
			asked = d.asked
			d.mu.Unlock()
			return mode, asked, true
		}
		d.wakes, d.rests = until, true
		d.mu.Unlock()
		d.sleep(until, left)
	}
}

func (d *delivery) sleep(until time.Time, left time.Duration) {
	if until.IsZero() {
		<-d.wake
		return
	}
	timer := time.NewTimer(left)
	defer timer.Stop()
	select {
	case <-d.wake:
	case <-timer.C:
	}
}

func (w *worker) isStopped() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.stopped
}

// pass sends everything that is due. It gives when to poll again; zero for when something finishes.
//
// From each instance it takes only the spans that had finished when it got there. Spans that finish while
// it sends are for the next pass: otherwise a busy application would starve the other instances, the
// retries and a flush that waits.
func (d *delivery) pass(mode core.PollMode) (next time.Time) {
	d.sendAgain()
	sooner := func(at time.Time) {
		if next.IsZero() || at.Before(next) {
			next = at
		}
	}
	for at := range d.pool.shards {
		left, known := uint64(0), false
		for !d.isStopped() {
			found, has := d.pool.poll(at, mode)
			if !has || found.action.Tag == core.ActionIdle {
				break
			}
			sent := found.ticket.load()
			if !known {
				left, known = found.queued+sent, true
			}
			if found.action.Tag == core.ActionWait {
				if found.action.Number == 0 {
					// The core writes some spans at a time, so that the application goes on between.
					continue
				}
				sooner(time.Now().Add(duration(found.action.Number)))
				break
			}
			d.send(found.ticket, found.action.Request)
			d.sendAgain()
			left -= min(left, sent)
			if left == 0 {
				sooner(time.Now())
				break
			}
		}
	}
	for _, one := range d.repeats {
		sooner(one.at)
	}
	return next
}

// sendAgain sends the retries that are due.
func (d *delivery) sendAgain() {
	for !d.isStopped() {
		now, due := time.Now(), -1
		for at, one := range d.repeats {
			if !one.at.After(now) {
				due = at
				break
			}
		}
		if due < 0 {
			return
		}
		one := d.repeats[due]
		d.repeats = append(d.repeats[:due], d.repeats[due+1:]...)
		d.send(one.ticket, one.request)
	}
}

func (d *delivery) send(t ticket, request core.Request) {
	p := d.pool
	answer, err := d.sender.Send(d.over, &request, d.losses())
	if err != nil && d.over.Err() != nil {
		// The tracer ends, and counts what is under way: the receiver is not to blame.
		return
	}
	outcome := core.Outcome{Tag: core.OutcomeTransportError}
	why := ""
	if err != nil {
		why = "could not be reached: " + err.Error()
	} else {
		why = strings.TrimSpace(fmt.Sprintf("answered %d %s", answer.Status, answer.Excerpt))
		outcome = core.Outcome{
			Tag:      core.OutcomeResponse,
			Response: core.Response{Status: answer.Status, Headers: answer.Headers},
		}
	}
	disposition := p.complete(t, outcome)
	if answer.Done && disposition.Tag != core.DispositionRetry {
		core.Recycle(request.Body)
	}
	said := event{"target": d.sender.Name(), "why": why, "spans": t.spans, "evaluations": t.evaluations}
	switch {
	case disposition.Tag == core.DispositionRetry:
		p.notices.tell(topicUnreachable, func() event {
			said["event"] = "retried"
			if d.plan.LacksKey {
				said["advice"] = "set-key"
			}
			return said
		})
		at := time.Now().Add(pause(p.clock, disposition.Number))
		d.repeats = append(d.repeats, again{at, t, request})
	case disposition.Tag == core.DispositionDropped && disposition.DropReason == core.DropReasonRejected:
		p.notices.tell(topicRejected, func() event {
			said["event"] = "rejected"
			if d.exporter == nil {
				said["advice"] = "check-key"
			}
			return said
		})
	case disposition.Tag == core.DispositionDropped && disposition.DropReason == core.DropReasonRetriesExhausted:
		p.notices.tell(topicGivenUp, func() event {
			said["event"] = "retries-exhausted"
			return said
		})
	}
	p.notices.deliver()
}

// losses gives the header that reports what was lost so far; "" if nothing was.
func (d *delivery) losses() string {
	counts := d.pool.known()
	given := counts.losses(d.name)
	if given == "" {
		return ""
	}
	if d.setup == nil {
		d.setup = core.New(System{})
	}
	header, err := d.setup.LossHeader(given)
	if err != nil {
		return ""
	}
	return header.Value
}
