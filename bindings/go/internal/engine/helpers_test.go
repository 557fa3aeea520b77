// What the tests share: a tracer, a receiver that answers as it is told, a core that fails when it is told.

package engine

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/witspan/witspan-go/internal/core"
	"github.com/witspan/witspan-go/internal/core/translated"
)

// patience is how long anything may take that takes no time.
const patience = 60 * time.Second

// answer is a status; held has it wait until the receiver is released.
type answer struct {
	status int
	header map[string]string
	held   bool
}

// receiver gives its answers in order, then 202.
type receiver struct {
	*httptest.Server
	release chan struct{}
	mu      sync.Mutex
	answers []answer
	bodies  []string
}

func receive(t *testing.T, answers ...answer) *receiver {
	t.Helper()
	r := &receiver{answers: answers, release: make(chan struct{})}
	r.Server = httptest.NewServer(http.HandlerFunc(r.serve))
	t.Cleanup(func() {
		r.let()
		r.Close()
	})
	return r
}

// let has held answers be given.
func (r *receiver) let() {
	r.mu.Lock()
	defer r.mu.Unlock()
	select {
	case <-r.release:
	default:
		close(r.release)
	}
}

func (r *receiver) serve(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	r.mu.Lock()
	r.bodies = append(r.bodies, string(body))
	given := answer{status: http.StatusAccepted}
	if len(r.answers) > 0 {
		given, r.answers = r.answers[0], r.answers[1:]
	}
	r.mu.Unlock()
	if given.held {
		<-r.release
	}
	for name, value := range given.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(given.status)
}

func (r *receiver) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.bodies)
}

// names gives how often a span of each name arrived.
func (r *receiver) names(t *testing.T) map[string]int {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	found := map[string]int{}
	for _, body := range r.bodies {
		var sent struct {
			Data struct {
				Attributes struct{ Spans []struct{ Name string } }
			}
		}
		if err := json.Unmarshal([]byte(body), &sent); err != nil {
			t.Fatal(err, body)
		}
		for _, span := range sent.Data.Attributes.Spans {
			found[span.Name]++
		}
	}
	return found
}

// log keeps what is logged.
type log struct {
	mu    sync.Mutex
	lines []string
}

func (l *log) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lines = append(l.lines, string(line))
	return len(line), nil
}

// of counts the lines with a code.
func (l *log) of(code string) (found []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.lines {
		if strings.Contains(line, "code="+code) {
			found = append(found, line)
		}
	}
	return found
}

func tracer(t *testing.T, r *receiver, options map[string]string, clock Clock) (*Tracer, *log) {
	t.Helper()
	said := &log{}
	config := &Config{
		Options: map[string]string{
			"ml_app": "test", "api_key": "key", "agentless_enabled": "true", "override_origin": r.URL,
		},
		Lookup: func(string) (string, bool) { return "", false },
		Clock:  clock,
		Logger: slog.New(slog.NewTextHandler(said, nil)),
	}
	maps.Copy(config.Options, options)
	started, err := Start(config)
	if err != nil || started == nil {
		t.Fatal(started, err)
	}
	t.Cleanup(func() {
		// Before the receiver is closed, which waits for its answers.
		r.let()
		started.Shutdown(within(t))
	})
	return started, said
}

func within(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// briefly is a context that ends soon: for what cannot be settled.
func briefly(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not within ", patience, ": ", what)
		}
	}
}

func root(t *testing.T, tr *Tracer, name string) Ref {
	t.Helper()
	ref, err := tr.StartSpan(core.SpanKindTask, Parent{}, name, nil)
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

func finish(tr *Tracer, span Ref) {
	tr.Finish(span, core.Option[core.Failure]{}, core.Option[uint64]{})
}

func makeMany(t *testing.T, tr *Tracer, name string, count int) {
	t.Helper()
	for n := range count {
		finish(tr, root(t, tr, fmt.Sprint(name, n)))
	}
}

// balance checks that every span is somewhere.
func balance(t *testing.T, tally Tally) {
	t.Helper()
	if known := tally.Pending() + tally.Delivered + tally.Dropped.Sum(); known != tally.Accepted {
		t.Errorf("%d accepted, %d known: %+v", tally.Accepted, known, tally)
	}
}

// failing is the core, and fails in the call that is named.
type failing struct {
	core.Raw
	in atomic.Pointer[string]
}

// next has the next call of this name fail.
func (f *failing) next(call string) { f.in.Store(&call) }

func (f *failing) fail(call string) {
	if in := f.in.Load(); in != nil && *in == call {
		f.in.Store(nil)
		panic("out of bounds, for a test")
	}
}

func (f *failing) StartSpan(w0 int32, w1 int32, w2 int64, w3 int32, w4 int32, w5 int32, w6 int32, w7 int32, w8 int32, w9 int32, w10 int32, w11 int64) int32 {
	f.fail("StartSpan")
	return f.Raw.StartSpan(w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11)
}

func (f *failing) Annotate(w0 int64, w1 int32, w2 int32) int32 {
	f.fail("Annotate")
	return f.Raw.Annotate(w0, w1, w2)
}

func (f *failing) Finish(w0 int64, w1 int32, w2 int32, w3 int32, w4 int32, w5 int32, w6 int32, w7 int32, w8 int32, w9 int64, w10 int32, w11 int64) int32 {
	f.fail("Finish")
	return f.Raw.Finish(w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11)
}

func (f *failing) Abandon(w0 int64) int32 {
	f.fail("Abandon")
	return f.Raw.Abandon(w0)
}

func (f *failing) ExportSpan(w0 int64) int32 {
	f.fail("ExportSpan")
	return f.Raw.ExportSpan(w0)
}

func (f *failing) RecordSpan(w0 int32, w1 int32) int32 {
	f.fail("RecordSpan")
	return f.Raw.RecordSpan(w0, w1)
}

func (f *failing) Submit(w0 int32, w1 int32) int32 {
	f.fail("Submit")
	return f.Raw.Submit(w0, w1)
}

func (f *failing) CheckContext(w0 int32, w1 int32) int32 {
	f.fail("CheckContext")
	return f.Raw.CheckContext(w0, w1)
}

func (f *failing) SetProcessor(w0 int32, w1 int64) {
	f.fail("SetProcessor")
	f.Raw.SetProcessor(w0, w1)
}

func (f *failing) TakeEvent() int32 {
	f.fail("TakeEvent")
	return f.Raw.TakeEvent()
}

func (f *failing) ReturnEvent(w0 int64, w1 int32, w2 int32, w3 int32) int32 {
	f.fail("ReturnEvent")
	return f.Raw.ReturnEvent(w0, w1, w2, w3)
}

func (f *failing) Poll(w0 int32) int32 {
	f.fail("Poll")
	return f.Raw.Poll(w0)
}

func (f *failing) Complete(w0 int64, w1 int32, w2 int32, w3 int32, w4 int32) int32 {
	f.fail("Complete")
	return f.Raw.Complete(w0, w1, w2, w3, w4)
}

func (f *failing) Statistics() int32 {
	f.fail("Statistics")
	return f.Raw.Statistics()
}

// fragile puts an instance into each shard that fails when it is told. The shards must be new.
func fragile(t *testing.T, tr *Tracer) *failing {
	t.Helper()
	made := &failing{Raw: translated.Make(tr.pool.clock)}
	fresh := core.Over(made)
	if _, err := fresh.Configure(tr.pool.configuration.settings); err != nil {
		t.Fatal(err)
	}
	if limit := tr.pool.configuration.limit; limit.Has {
		if err := fresh.SetProcessor(limit); err != nil {
			t.Fatal(err)
		}
	}
	s := tr.pool.shards[0]
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.instance != nil {
		s.instance.Close()
	}
	s.instance = fresh
	return made
}
