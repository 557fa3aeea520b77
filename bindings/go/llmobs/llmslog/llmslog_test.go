// Where the ids stand, and what is left alone.

package llmslog_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"testing/slogtest"

	"github.com/witspan/witspan-go/llmobs"
	"github.com/witspan/witspan-go/llmobs/llmobstest"
	"github.com/witspan/witspan-go/llmobs/llmslog"
)

// logged gives the record that a call logs.
func logged(t *testing.T, log func(*slog.Logger)) map[string]any {
	t.Helper()
	var out bytes.Buffer
	log(slog.New(llmslog.NewHandler(slog.NewJSONHandler(&out, nil))))
	var record map[string]any
	if err := json.Unmarshal(out.Bytes(), &record); err != nil {
		t.Fatalf("%v in %s", err, out.Bytes())
	}
	return record
}

func TestTheIdsStandAtTheTop(t *testing.T) {
	llmobstest.Start(t)
	span, ctx := llmobs.StartTaskSpan(t.Context(), "work")
	defer span.Finish()
	for what, log := range map[string]func(*slog.Logger){
		"plain":      func(l *slog.Logger) { l.InfoContext(ctx, "m", "own", 1) },
		"attributes": func(l *slog.Logger) { l.With("own", 1).InfoContext(ctx, "m") },
		"a group":    func(l *slog.Logger) { l.With("own", 1).WithGroup("g").InfoContext(ctx, "m", "in", 2) },
		"groups": func(l *slog.Logger) {
			l.With("own", 1).WithGroup("g").With("in", 2).WithGroup("h").InfoContext(ctx, "m", "deep", 3)
		},
	} {
		record := logged(t, log)
		if record[llmslog.TraceIDKey] != span.TraceID() || record[llmslog.SpanIDKey] != span.SpanID() || record["own"] != 1.0 {
			t.Errorf("%s: %v", what, record)
		}
		if group, has := record["g"].(map[string]any); has && group["in"] != 2.0 {
			t.Errorf("%s: %v", what, record)
		}
	}
}

func TestLoggersOfOneLoggerDoNotMix(t *testing.T) {
	llmobstest.Start(t)
	span, ctx := llmobs.StartTaskSpan(t.Context(), "work")
	defer span.Finish()
	record := logged(t, func(l *slog.Logger) {
		base := l.WithGroup("g").With("a", 1).With("b", 2)
		one := base.With("c", 3)
		base.With("c", 4)
		one.InfoContext(ctx, "m")
	})
	if group := record["g"].(map[string]any); group["c"] != 3.0 {
		t.Error(record)
	}
}

func TestWithoutASpanTheRecordIsLeftAlone(t *testing.T) {
	record := logged(t, func(l *slog.Logger) { l.WithGroup("g").InfoContext(t.Context(), "m", "in", 2) })
	if _, has := record[llmslog.TraceIDKey]; has || record["g"].(map[string]any)["in"] != 2.0 {
		t.Error(record)
	}
	// A span that is not kept: nothing traces.
	_, ctx := llmobs.StartTaskSpan(t.Context(), "work")
	if record := logged(t, func(l *slog.Logger) { l.InfoContext(ctx, "m") }); record[llmslog.SpanIDKey] != nil {
		t.Error(record)
	}
}

func TestWithoutASpanNothingIsAllocated(t *testing.T) {
	type key struct{}
	ctx := context.WithValue(t.Context(), key{}, 1)
	handler := llmslog.NewHandler(slog.DiscardHandler)
	for what, handler := range map[string]slog.Handler{"plain": handler, "groups": handler.WithGroup("g")} {
		record := slog.Record{Message: "m"}
		if count := testing.AllocsPerRun(100, func() { _ = handler.Handle(ctx, record) }); count > 0 {
			t.Errorf("%s: %v allocations", what, count)
		}
	}
}

func TestItIsAHandlerLikeOthers(t *testing.T) {
	var out bytes.Buffer
	handler := llmslog.NewHandler(slog.NewJSONHandler(&out, nil))
	err := slogtest.TestHandler(handler, func() (records []map[string]any) {
		for _, text := range bytes.Split(bytes.TrimSpace(out.Bytes()), []byte("\n")) {
			var record map[string]any
			if err := json.Unmarshal(text, &record); err != nil {
				t.Fatal(err)
			}
			records = append(records, record)
		}
		return records
	})
	if err != nil {
		t.Error(err)
	}
}
