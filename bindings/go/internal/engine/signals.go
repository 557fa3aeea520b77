// Signals that end the process, for a program that asked for it: finished spans are sent first.
//
// Go gives a signal to everybody who asked for it, and nobody can see who else did. So a tracer takes none
// unless the settings say so: a program that has a handler of its own flushes there.

package engine

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// guardSignals has SIGINT, SIGTERM and SIGHUP send the finished spans before they end the process.
func (w *worker) guardSignals() {
	if !w.plan.HandleSignals || !w.plan.SignalsSaid {
		return
	}
	came := make(chan os.Signal, 1)
	for _, one := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		// A program that nohup started goes on at a SIGHUP.
		if !signal.Ignored(one) {
			signal.Notify(came, one)
		}
	}
	go func() {
		defer signal.Stop(came)
		select {
		case <-w.over.Done():
		case which := <-came:
			w.deliverLast()
			signal.Stop(came)
			raise(which)
		}
	}()
}

func (w *worker) deliverLast() {
	ctx, cancel := context.WithTimeout(context.Background(), w.plan.ExitTimeout)
	defer cancel()
	w.flush(ctx)
	counts := w.pool.statistics()
	if lost := counts.Spans.Pending(); lost > 0 {
		w.pool.notices.tell(topicSignal, func() event { return event{"event": "interrupted", "unsent": lost} })
	}
	w.pool.notices.deliver()
}
