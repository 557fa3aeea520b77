// Notices reach the application's handler once each, whatever the handler does.

package engine

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
)

// handler does something with each record.
type handler func(slog.Record)

func (handler) Enabled(context.Context, slog.Level) bool        { return true }
func (h handler) WithAttrs([]slog.Attr) slog.Handler            { return h }
func (h handler) WithGroup(string) slog.Handler                 { return h }
func (h handler) Handle(_ context.Context, r slog.Record) error { h(r); return nil }

func TestEachKindOfNoticeIsShownOnce(t *testing.T) {
	r := receive(t, answer{status: 400}, answer{status: 400}, answer{status: 400})
	tr, said := tracer(t, r, nil, &Fixed{})
	for range 3 {
		makeMany(t, tr, "refused", 1)
		tr.Flush(within(t))
		span := root(t, tr, "x")
		_ = tr.Annotate(span, `{"metrics": {"a": "b"}}`)
		tr.Abandon(span)
		_ = tr.Annotate(span, `{}`)
	}
	for _, code := range []string{"rejected", "changed", "misplaced"} {
		if lines := said.of(code); len(lines) != 1 {
			t.Error(code, ": ", lines)
		}
	}
	counts := tr.Statistics()
	if counts.Warnings != 3 || counts.AnnotationsRejected != 3 || counts.Spans.Dropped.Sum() != 6 {
		t.Errorf("%+v", counts)
	}
}

func TestAHandlerMayUseItsOwnTracerAndPanic(t *testing.T) {
	r := receive(t, answer{status: 400})
	var mu sync.Mutex
	var seen []string
	var tr *Tracer
	config := &Config{
		Options: map[string]string{
			"api_key": "key", "agentless_enabled": "true", "override_origin": r.URL, "no_such_option": "1",
		},
		Lookup: func(string) (string, bool) { return "", false },
		Clock:  &Fixed{},
		Logger: slog.New(handler(func(record slog.Record) {
			mu.Lock()
			seen = append(seen, record.Message)
			mu.Unlock()
			if tr != nil {
				finish(tr, root(t, tr, "by the handler"))
				_ = tr.Annotate(root(t, tr, "left open"), `{"metrics": {"a": "b"}}`)
				tr.Statistics()
			}
			panic("the handler's own")
		})),
	}
	started, err := Start(config)
	if err != nil {
		t.Fatal(err)
	}
	tr = started
	makeMany(t, tr, "refused", 1)
	tr.Flush(within(t))
	ended := tr.Shutdown(within(t)).Statistics.Spans
	balance(t, ended)
	mu.Lock()
	defer mu.Unlock()
	all := strings.Join(seen, "\n")
	for _, part := range []string{"no_such_option", "answered 400", "did not finish"} {
		if strings.Count(all, part) != 1 {
			t.Error(part, " in ", all)
		}
	}
}

func TestAPanicCostsOnlyTheNoticeItIsAbout(t *testing.T) {
	var seen []string
	n := &notices{logger: slog.New(handler(func(record slog.Record) {
		seen = append(seen, record.Message)
		panic("the handler's own")
	}))}
	n.tell(topicFull, func() event { return event{"event": "memory-full"} })
	n.tell(topicMisplaced, func() event { return event{"event": "misplaced", "why": "the span has finished"} })
	n.deliver()
	n.deliver()
	if len(seen) != 2 {
		t.Error(seen)
	}
}
