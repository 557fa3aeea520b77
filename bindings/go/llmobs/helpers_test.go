// What the tests share: a tracer whose requests stay in the test, and what these hold.

package llmobs_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/witspan/witspan-go/llmobs"
	"github.com/witspan/witspan-go/tracer"
)

// patience is how long anything may take that takes no time.
const patience = 60 * time.Second

func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func briefly(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

func eventually(t testing.TB, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not within ", patience, ": ", what)
		}
	}
}

// outbox keeps what was sent.
type outbox struct {
	tracer *llmobs.Tracer
	mu     sync.Mutex
	spans  []sentSpan
	evals  []map[string]any
	said   []string
}

// sentSpan is a span as it is sent.
type sentSpan struct {
	Name     string
	SpanID   string `json:"span_id"`
	ParentID string `json:"parent_id"`
	TraceID  string `json:"trace_id"`
	Status   string
	StartNs  uint64 `json:"start_ns"`
	Duration uint64
	Meta     map[string]any
	Metrics  map[string]float64
	Tags     []string
	Session  string `json:"session_id"`
}

func (s *sentSpan) isRoot() bool { return s.ParentID == "undefined" }

func (s *sentSpan) has(tag string) bool { return slices.Contains(s.Tags, tag) }

func (s *sentSpan) meta(path ...string) any {
	var value any = s.Meta
	for _, name := range path {
		object, _ := value.(map[string]any)
		value = object[name]
	}
	return value
}

func (o *outbox) take(sent *tracer.Exported) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var body struct {
		Data struct {
			Attributes struct {
				Spans   []sentSpan
				Metrics []map[string]any
			}
		}
	}
	if err := json.Unmarshal(sent.Body, &body); err != nil {
		return err
	}
	o.spans = append(o.spans, body.Data.Attributes.Spans...)
	o.evals = append(o.evals, body.Data.Attributes.Metrics...)
	return nil
}

func (o *outbox) Write(line []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.said = append(o.said, string(line))
	return len(line), nil
}

func (o *outbox) log() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Join(o.said, "")
}

// recorded gives a tracer, a context whose spans it makes, and what it sends.
func recorded(t testing.TB, opts ...tracer.StartOption) (*llmobs.Tracer, context.Context, *outbox) {
	t.Helper()
	box := &outbox{}
	all := append([]tracer.StartOption{
		tracer.WithMLApp("test"), tracer.WithIntake("public"), tracer.WithExporter(box.take),
		tracer.WithSlog(slog.New(slog.NewTextHandler(box, nil))),
	}, opts...)
	made, err := llmobs.NewTracer(all...)
	if err != nil {
		t.Fatal(err)
	}
	box.tracer = made
	t.Cleanup(func() { _, _ = made.Shutdown(within(t)) })
	return made, made.NewContext(context.Background()), box
}

// global is recorded for the tracer of the whole program.
func global(t *testing.T, opts ...tracer.StartOption) *outbox {
	t.Helper()
	box := &outbox{}
	all := append([]tracer.StartOption{
		tracer.WithMLApp("test"), tracer.WithIntake("public"), tracer.WithExporter(box.take),
		tracer.WithSlog(slog.New(slog.NewTextHandler(box, nil))),
	}, opts...)
	if err := tracer.Start(all...); err != nil {
		t.Fatal(err)
	}
	box.tracer = llmobs.Default()
	t.Cleanup(tracer.Stop)
	return box
}

func (o *outbox) flush(t testing.TB) {
	t.Helper()
	if result, err := o.tracer.Flush(within(t)); err != nil || !result.Settled {
		t.Fatal(result, err)
	}
}

// all gives every span that was sent.
func (o *outbox) all(t testing.TB) []sentSpan {
	t.Helper()
	o.flush(t)
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.spans)
}

// one gives the only span of a name.
func (o *outbox) one(t testing.TB, name string) *sentSpan {
	t.Helper()
	var found []sentSpan
	for _, span := range o.all(t) {
		if span.Name == name {
			found = append(found, span)
		}
	}
	if len(found) != 1 {
		t.Fatalf("%d spans %q in %+v", len(found), name, o.all(t))
	}
	return &found[0]
}

func (o *outbox) evaluations(t testing.TB) []map[string]any {
	t.Helper()
	o.flush(t)
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.evals)
}

func sum(counts map[string]uint64) (all uint64) {
	for _, count := range counts {
		all += count
	}
	return all
}

// balance checks that everything accepted is somewhere.
func balance(t testing.TB, counts llmobs.Counts) {
	t.Helper()
	known := counts.Open + counts.Queued + counts.InFlight + counts.Delivered + sum(counts.Dropped)
	if known != counts.Accepted {
		t.Errorf("%d accepted, %d known: %+v", counts.Accepted, known, counts)
	}
}

func equal[T comparable](t testing.TB, what string, got, expected T) {
	t.Helper()
	if got != expected {
		t.Errorf("%s: %v instead of %v", what, got, expected)
	}
}
