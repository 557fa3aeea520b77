// Package llmobstest records what an application traces while a test runs.
//
//	func TestOffer(t *testing.T) {
//		spans := llmobstest.Start(t)
//		offer(t.Context(), "How much is an umbrella?")
//		if call := spans.Span("understand"); call.Metrics["input_tokens"] != 8 {
//			t.Error(call)
//		}
//	}
//
// Nothing leaves the process. Neither a key nor an agent is needed, and the environment is not read: DD_… and
// WITSPAN_… of the machine do not change what a test sees.
package llmobstest

import (
	"context"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/witspan/witspan-go/internal/core"
	"github.com/witspan/witspan-go/internal/engine"
	"github.com/witspan/witspan-go/internal/sender"
	"github.com/witspan/witspan-go/llmobs"
	"github.com/witspan/witspan-go/tracer"
)

const (
	// usualBytes is how much is kept if no option says more.
	usualBytes = 16 << 20
	// patience is how long a flush may take: only the application's processor can hold it up.
	patience = 10 * time.Second
	// startedVariable is set only so that Go itself refuses tests that run in parallel.
	startedVariable = "WITSPAN_LLMOBSTEST"
)

// Recorder has the spans, evaluations and feedback that have finished so far. Any goroutine may use it.
type Recorder struct {
	// t is the test that fails; nil for none.
	t testing.TB
	// own is the tracer of New; nil for the global one.
	own    *llmobs.Tracer
	limit  int
	memory memory

	mu      sync.Mutex
	engines []*engine.Tracer
	// forgiven were lost before Reset.
	forgiven uint64
}

// Start starts the global tracer for a test, and records what it traces until the test ends. Then what was the
// global tracer before is so again, and the test fails if something was lost.
//
// The options are those of tracer.Start, except that they do not change where spans go. The ML app is test unless
// [tracer.WithMLApp] says otherwise; [tracer.WithQueueBytes] says how many bytes are kept, by default 16 MiB. Where
// the application itself calls tracer.Start or llmobs.NewTracer meanwhile, its options apply and its spans are
// recorded too.
//
// There is one global tracer: as t.Setenv, Start panics in a test that runs in parallel with others. [New] is for
// these.
func Start(t testing.TB, opts ...tracer.StartOption) *Recorder {
	t.Helper()
	t.Setenv(startedVariable, t.Name())
	r := &Recorder{t: t}
	started, err := engine.Start(tracer.Config(r.with(opts)))
	if err != nil {
		t.Fatalf("llmobstest: %v", err)
	}
	former := engine.SetGlobal(started)
	end := engine.Record(r.record)
	t.Cleanup(func() {
		t.Helper()
		end()
		engine.SetGlobal(former)
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// New starts a tracer of its own, which [Recorder.Context] has the application use, and records what it traces. For
// tests that run in parallel, and for examples. The options are as in [Start]. The error is one of this module.
func New(opts ...tracer.StartOption) (*Recorder, error) {
	r := &Recorder{}
	own, err := llmobs.NewTracer(r.with(opts)...)
	if err != nil {
		return nil, fmt.Errorf("llmobstest: %w", err)
	}
	r.own = own
	return r, nil
}

// Bind has the test fail where this recorder would panic, and closes the recorder at the test's end. It gives the
// recorder.
func (r *Recorder) Bind(t testing.TB) *Recorder {
	t.Helper()
	r.t = t
	t.Cleanup(func() {
		t.Helper()
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// with adds to the options what makes a recorder's tracer of any.
func (r *Recorder) with(opts []tracer.StartOption) []tracer.StartOption {
	return append(opts[:len(opts):len(opts)], tracer.StartOption{Apply: func(config *engine.Config) {
		r.limit = usualBytes
		if said, err := strconv.Atoi(config.Options["queue_bytes"]); err == nil && said > 0 {
			r.limit = said
		}
		r.memory.limit = r.limit
		r.record(config)
	}})
}

// record has a tracer record, whatever the environment and the options say of where spans go.
func (r *Recorder) record(config *engine.Config) {
	for _, name := range []string{
		"api_key", "site", "agent_url", "agent_host", "agent_port", "override_origin", "agentless_enabled",
	} {
		delete(config.Options, name)
	}
	if config.Options["ml_app"] == "" {
		config.Options["ml_app"] = "test"
	}
	config.Options["intake"] = "sdk"
	config.Options["handle_signals"] = "false"
	config.Options["queue_bytes"] = strconv.Itoa(r.limit)
	config.Lookup = func(string) (string, bool) { return "", false }
	config.Client = nil
	config.Exporter = func(request *sender.Exported) error { return r.memory.take(request) }
	config.Began = func(began *engine.Tracer) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.engines = append(r.engines, began)
	}
}

// Tracer gives the tracer whose spans are recorded: the recorder's own, or the global one after [Start].
func (r *Recorder) Tracer() *llmobs.Tracer {
	if r.own != nil {
		return r.own
	}
	return llmobs.Default()
}

// Context gives a context whose spans are recorded.
func (r *Recorder) Context(ctx context.Context) context.Context { return r.Tracer().NewContext(ctx) }

// Open counts the spans that have started and not finished. These are not recorded.
func (r *Recorder) Open() int {
	open := uint64(0)
	for _, one := range r.tracers() {
		statistics := one.Statistics()
		open += statistics.Spans.Open
	}
	return int(open)
}

// Lost counts the spans, evaluations and feedbacks for which there was no room.
func (r *Recorder) Lost() int {
	r.flush()
	lost := r.lost()
	r.mu.Lock()
	defer r.mu.Unlock()
	return int(lost - r.forgiven)
}

// Reset forgets everything that has finished so far.
func (r *Recorder) Reset() {
	r.flush()
	lost := r.lost()
	r.memory.clear()
	r.mu.Lock()
	defer r.mu.Unlock()
	r.forgiven = lost
}

// Close ends the tracers that are recorded; what was recorded stays. It fails if something was lost. After [Start]
// and [Recorder.Bind] the test does this itself.
func (r *Recorder) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, one := range r.tracers() {
		one.Shutdown(ctx)
	}
	if lost := r.Lost(); lost > 0 {
		return fmt.Errorf("llmobstest: %d spans or evaluations found no room in the %d bytes of the recorder; "+
			"tracer.WithQueueBytes gives it more", lost, r.limit)
	}
	return nil
}

func (r *Recorder) tracers() []*engine.Tracer {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.engines[:len(r.engines):len(r.engines)]
}

// flush has everything that has finished recorded.
func (r *Recorder) flush() {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for _, one := range r.tracers() {
		if !one.IsOver() && !one.Flush(ctx).Settled && !one.IsOver() {
			r.fail("llmobstest: what has finished did not arrive within %v", patience)
		}
	}
}

// lost counts what was lost since the beginning.
func (r *Recorder) lost() (lost uint64) {
	for _, one := range r.tracers() {
		statistics := one.Statistics()
		for _, reason := range []core.DropReason{
			core.DropReasonQueueFull, core.DropReasonOpenFull, core.DropReasonTooLarge, core.DropReasonTrap,
			core.DropReasonRejected,
		} {
			lost += statistics.Spans.Dropped[reason] + statistics.Evaluations.Dropped[reason]
		}
	}
	return lost
}

// fail ends the test.
func (r *Recorder) fail(format string, arguments ...any) {
	if r.t == nil {
		panic(fmt.Sprintf(format, arguments...))
	}
	r.t.Helper()
	r.t.Fatalf(format, arguments...)
}
