// A tracer: instances and a worker, as a binding's surface holds them.

package engine

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/witspan/witspan-go/internal/core"
	"github.com/witspan/witspan-go/internal/sender"
	"github.com/witspan/witspan-go/internal/settings"
)

// mostInstances is the most instances; measurements never had more of them busy at once.
const mostInstances = 4

// Config is what a tracer is started with, beside the environment.
type Config struct {
	// Options are by their names in the contract's table.
	Options map[string]string
	// Tags are those of every span.
	Tags map[string]string
	// Exporter takes requests instead of HTTP.
	Exporter func(*sender.Exported) error
	// Client sends requests; nil for one of our own.
	Client *http.Client
	// Logger gets the notices; nil for slog's default.
	Logger *slog.Logger
	// Clock is the source of time and entropy; nil for the machine's.
	Clock Clock
	// Lookup reads the environment; nil for the process's.
	Lookup func(string) (string, bool)
	// Settings changes what every instance is configured with, as the plan has it; nil leaves it.
	Settings func(string) string
	// Began learns of the tracer; nil for nobody.
	Began func(*Tracer)
	// Warnings are what the surface found in the options, for the log.
	Warnings []string
}

// Tracer makes spans and sends them. A nil one does nothing.
type Tracer struct {
	pool   *pool
	worker *worker
	plan   *settings.Plan
}

// Flushed is the result of a flush or shutdown.
type Flushed struct {
	// Settled says whether everything that had finished was delivered or dropped in time.
	Settled bool
	// Spans that were delivered and dropped meanwhile.
	Delivered, Dropped uint64
	// Statistics are the counters after it.
	Statistics Statistics
}

// Start starts a tracer. It gives nil if the settings turn tracing off.
func Start(config *Config) (*Tracer, error) {
	if change := recording(); change != nil && config.Lookup == nil {
		change(config)
	}
	clock := config.Clock
	if clock == nil {
		clock = System{}
	}
	lookup := config.Lookup
	if lookup == nil {
		lookup = os.LookupEnv
	}
	first := core.New(clock)
	options := settings.Options{Values: config.Options, Tags: config.Tags, Exporter: config.Exporter != nil}
	plan, err := settings.Make(first, options, lookup)
	if err != nil {
		first.Close()
		return nil, err
	}
	if config.Settings != nil {
		plan.Settings = config.Settings(plan.Settings)
	}
	for _, warning := range config.Warnings {
		plan.Diagnostics = append(plan.Diagnostics, settings.Diagnostic{
			Level: core.LevelWarning.String(), Code: "configuration", Message: warning,
		})
	}
	notices := &notices{logger: config.Logger, secrets: plan.Secrets}
	if !plan.Enabled {
		first.Close()
		// Such as a switch whose value is not understood.
		notices.tellPlan(plan.Diagnostics, nil)
		notices.deliver()
		return nil, nil
	}
	instances := min(runtime.GOMAXPROCS(0), mostInstances)
	if _, fixed := clock.(*Fixed); fixed {
		instances = 1
	}
	p, err := newPool(first, clock, plan, instances, notices)
	if err != nil {
		first.Close()
		return nil, err
	}
	t := &Tracer{pool: p, plan: plan, worker: newWorker(p, plan, config)}
	t.worker.guardSignals()
	// Nothing else holds the tracer: not the worker, and of the spans only those that somebody holds. What has
	// finished is still sent when it is garbage.
	runtime.AddCleanup(t, (*worker).orphan, t.worker)
	notices.deliver()
	if config.Began != nil {
		config.Began(t)
	}
	return t, nil
}

// Plan is what the settings mean.
func (t *Tracer) Plan() *settings.Plan { return t.plan }

// StartSpan starts a span; it is none if it is not kept.
func (t *Tracer) StartSpan(kind core.SpanKind, parent Parent, name string, options []core.SpanOption) (Ref, error) {
	ref, err := t.pool.start(kind, parent, name, options)
	t.pool.notices.deliver()
	return ref, err
}

// Annotate adds what a JSON text says to an open span.
func (t *Tracer) Annotate(span Ref, annotation string) error {
	_, err := t.pool.annotate(span, annotation)
	t.pool.notices.deliver()
	return err
}

// Misplaced counts an annotation that had no open span to go to.
func (t *Tracer) Misplaced(why string) {
	t.pool.misplaced(why)
	t.pool.notices.deliver()
}

// Warn counts something that was accepted but changed.
func (t *Tracer) Warn(message string) {
	t.pool.warn(message)
	t.pool.notices.deliver()
}

// Finish ends a span. A second call changes nothing.
func (t *Tracer) Finish(span Ref, failure core.Option[core.Failure], endNs core.Option[uint64]) {
	if span.IsNone() {
		return
	}
	ended, err := t.pool.finish(span, failure, endNs)
	if err == nil {
		t.after(span, ended)
	}
	t.pool.notices.deliver()
}

// after does what follows from the end of a span.
func (t *Tracer) after(span Ref, ended ended) {
	if !ended.process {
		if ended.shouldPoll {
			t.worker.attend()
		}
		return
	}
	// In case the processor never returns, the worker polls the core when the limit is over, and the core
	// then drops the content.
	if processor := t.pool.processor.Load(); processor != nil {
		t.worker.attendBy(processor.limit)
	}
	if t.pool.process(span) {
		t.worker.attend()
	}
}

// Abandon drops an open span.
func (t *Tracer) Abandon(span Ref) {
	t.pool.abandon(span)
	t.pool.notices.deliver()
}

// IDs gives the ids of a span as they are sent.
func (t *Tracer) IDs(span Ref) (core.SpanContext, error) {
	return ask(t.pool, span, func(i *core.Instance) (core.SpanContext, error) { return i.ExportSpan(span.handle) })
}

// Info gives kind, name, ids and parent of a span.
func (t *Tracer) Info(span Ref) (core.SpanDetails, error) {
	return ask(t.pool, span, func(i *core.Instance) (core.SpanDetails, error) { return i.SpanInfo(span.handle) })
}

// Inject gives the headers that continue the trace of a span.
func (t *Tracer) Inject(span Ref, headers []core.Header) ([]core.Header, error) {
	limit(headers)
	return ask(t.pool, span, func(i *core.Instance) ([]core.Header, error) { return i.Inject(span.handle, headers) })
}

func limit(headers []core.Header) {
	for at := range headers {
		headers[at].Name, headers[at].Value = bounded(headers[at].Name), bounded(headers[at].Value)
	}
}

// RemoteOf gives the remote context of a span.
func (t *Tracer) RemoteOf(span Ref) (string, error) {
	return ask(t.pool, span, func(i *core.Instance) (string, error) { return i.RemoteOf(span.handle) })
}

// Extract gives the remote context in headers.
func (t *Tracer) Extract(headers []core.Header) (string, error) {
	limit(headers)
	return anywhere(t.pool, func(i *core.Instance, _ *Statistics) (string, error) { return i.Extract(headers) })
}

// CheckContext checks the JSON text of an annotation context.
func (t *Tracer) CheckContext(context string) error {
	_, err := anywhere(t.pool, func(i *core.Instance, counts *Statistics) ([]core.Warning, error) {
		warnings, err := i.CheckContext(bounded(context))
		t.pool.warned(counts, warnings)
		return warnings, err
	})
	t.pool.notices.deliver()
	return err
}

// Record records a span that is over, a JSON object.
func (t *Tracer) Record(span string) (Ref, error) {
	ref, ended, _, err := t.pool.record(span)
	if err == nil {
		t.after(ref, ended)
	}
	t.pool.notices.deliver()
	return ref, err
}

// Submit queues an evaluation, or feedback, a JSON object.
func (t *Tracer) Submit(text string, feedback bool) error {
	shouldPoll, _, err := t.pool.submit(text, feedback)
	if shouldPoll {
		t.worker.attend()
	}
	t.pool.notices.deliver()
	return err
}

// SetProcessor sets the function that sees every span before it is sent; nil removes it.
func (t *Tracer) SetProcessor(run Processor, limit time.Duration) {
	t.pool.setProcessor(run, limit)
	t.pool.notices.deliver()
}

// Statistics gives the counters.
func (t *Tracer) Statistics() Statistics { return t.pool.statistics() }

// IsOver says whether the tracer was shut down.
func (t *Tracer) IsOver() bool { return t.pool.closed.Load() }

// Flush sends everything that has finished, and waits for that as long as the context lasts.
func (t *Tracer) Flush(ctx context.Context) Flushed { return t.settle(ctx, t.worker.flush) }

// Shutdown sends everything that has finished as long as the context lasts, and ends the tracer. The rest
// is counted as dropped.
func (t *Tracer) Shutdown(ctx context.Context) Flushed {
	var before Statistics
	flushed := t.settle(ctx, func(ctx context.Context) bool {
		settled := t.worker.stop(ctx)
		before = t.pool.statistics()
		t.pool.close()
		return settled
	})
	unsent := before.Spans.Queued + before.Spans.InFlight
	if unsent+before.Spans.Open > 0 {
		t.pool.notices.tell(topicEnded, func() event {
			return event{"event": "ended", "unsent": unsent, "unfinished": before.Spans.Open}
		})
		t.pool.notices.deliver()
	}
	return flushed
}

func (t *Tracer) settle(ctx context.Context, act func(context.Context) bool) Flushed {
	before := t.Statistics()
	// After a shutdown everything is counted and there is nothing to wait for.
	settled := t.pool.closed.Load() || act(ctx)
	after := t.Statistics()
	t.pool.notices.deliver()
	return Flushed{
		Settled:    settled,
		Delivered:  after.Spans.Delivered - min(after.Spans.Delivered, before.Spans.Delivered),
		Dropped:    after.Spans.Dropped.Sum() - min(after.Spans.Dropped.Sum(), before.Spans.Dropped.Sum()),
		Statistics: after,
	}
}

// global is the tracer of the whole program, and the processor that it has, whichever it is.
var global struct {
	tracer    atomic.Pointer[Tracer]
	mu        sync.Mutex
	processor limited
}

// Global gives the tracer of the whole program; nil if there is none.
func Global() *Tracer { return global.tracer.Load() }

// SetGlobal replaces the tracer of the whole program; it gives the former.
func SetGlobal(t *Tracer) *Tracer {
	global.mu.Lock()
	defer global.mu.Unlock()
	if t != nil && global.processor.run != nil {
		t.pool.setProcessor(global.processor.run, global.processor.limit)
	}
	return global.tracer.Swap(t)
}

// SetGlobalProcessor sets the processor of the tracer of the whole program, also of one that comes later: it may
// be what keeps secrets from being sent.
func SetGlobalProcessor(run Processor, limit time.Duration) {
	global.mu.Lock()
	defer global.mu.Unlock()
	global.processor = limited{run, limit}
	if t := global.tracer.Load(); t != nil {
		t.pool.setProcessor(run, limit)
	}
}
