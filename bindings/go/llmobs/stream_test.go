// A span ends where its stream does, and the loop is as it would be without us.

package llmobs_test

import (
	"errors"
	"fmt"
	"iter"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/witspan/witspan-go/llmobs"
)

var errStream = errors.New("the stream broke")

func numbers(yield func(int) bool) {
	for n := 1; n <= 3 && yield(n); n++ {
	}
}

func broken(yield func(int, error) bool) {
	if yield(1, nil) && yield(2, nil) {
		yield(0, errStream)
	}
}

// gather sums what it gets.
func gather() func(int) any {
	all := 0
	return func(n int) any {
		all += n
		return fmt.Sprint("sum ", all)
	}
}

func TestTheEndOfAStreamEndsItsSpan(t *testing.T) {
	made, ctx, box := recorded(t)
	span, _ := llmobs.StartToolSpan(ctx, "whole")
	stream := llmobs.Stream(span, numbers, gather())
	equal(t, "items", len(slices.Collect(stream)), 3)
	sent := box.one(t, "whole")
	equal(t, "output", sent.meta("output", "value"), any("sum 6"))
	equal(t, "status", sent.Status, "ok")
	if first, has := sent.Metrics[llmobs.MetricKeyTimeToFirstToken]; !has || first <= 0 {
		t.Error(sent.Metrics)
	}
	// A second loop is only passed on.
	equal(t, "items", len(slices.Collect(stream)), 3)
	counts := made.Stats()
	if counts.AnnotationsRejected != 0 || counts.Spans.Delivered != 1 {
		t.Errorf("%+v", counts)
	}
}

func TestABreakEndsTheSpanWithWhatCameBefore(t *testing.T) {
	_, ctx, box := recorded(t)
	span, _ := llmobs.StartToolSpan(ctx, "left")
	for n := range llmobs.Stream(span, numbers, gather()) {
		if n == 2 {
			break
		}
	}
	sent := box.one(t, "left")
	equal(t, "output", sent.meta("output", "value"), any("sum 3"))
	equal(t, "status", sent.Status, "ok")
}

func TestAPanicGoesOnUnchangedAndEndsTheSpanWithAnError(t *testing.T) {
	_, ctx, box := recorded(t)
	span, _ := llmobs.StartToolSpan(ctx, "panicked")
	cause := errors.New("the application's own")
	func() {
		defer func() {
			if got := recover(); got != any(cause) {
				t.Error(got)
			}
			if stack := string(debug.Stack()); !strings.Contains(stack, "fails(") {
				t.Error("the stack is lost: ", stack)
			}
		}()
		for range llmobs.Stream(span, numbers, nil) {
			fails(cause)
		}
	}()
	equal(t, "status", box.one(t, "panicked").Status, "error")
}

//go:noinline
func fails(cause error) { panic(cause) }

func TestAPanicInsideTheStreamGoesOnToo(t *testing.T) {
	_, ctx, box := recorded(t)
	span, _ := llmobs.StartToolSpan(ctx, "inside")
	func() {
		defer func() { equal(t, "cause", recover(), any(errStream)) }()
		for range llmobs.Stream(span, func(yield func(int) bool) { yield(1); panic(errStream) }, nil) {
		}
	}()
	equal(t, "status", box.one(t, "inside").Status, "error")
}

func TestAReturnFromTheLoopEndsTheSpan(t *testing.T) {
	_, ctx, box := recorded(t)
	span, _ := llmobs.StartToolSpan(ctx, "returned")
	first := func(seq iter.Seq[int]) int {
		for n := range seq {
			return n
		}
		return 0
	}
	equal(t, "item", first(llmobs.Stream(span, numbers, nil)), 1)
	equal(t, "status", box.one(t, "returned").Status, "ok")
}

func TestTheErrorOfAStreamIsTheSpansAndReachesTheLoop(t *testing.T) {
	_, ctx, box := recorded(t)
	span, _ := llmobs.StartToolSpan(ctx, "broken")
	var got error
	for _, err := range llmobs.Stream2(span, broken, gather()) {
		got = err
	}
	equal(t, "error", got, errStream)
	sent := box.one(t, "broken")
	equal(t, "status", sent.Status, "error")
	equal(t, "output", sent.meta("output", "value"), any("sum 3"))
}

func TestAPanickingCollectorDisturbsNothing(t *testing.T) {
	_, ctx, box := recorded(t)
	span, _ := llmobs.StartToolSpan(ctx, "collector")
	collect := gather()
	items := slices.Collect(llmobs.Stream(span, numbers, func(n int) any {
		if n == 2 {
			panic("collect")
		}
		return collect(n)
	}))
	equal(t, "items", len(items), 3)
	equal(t, "output", box.one(t, "collector").meta("output", "value"), any("sum 1"))
}

// client is a stream as model clients have them.
type client struct {
	at, closed int
	err        error
}

func (c *client) Next() bool   { c.at++; return c.at <= 2 }
func (c *client) Current() int { return c.at }
func (c *client) Err() error   { return c.err }
func (c *client) Close() error { c.closed++; return nil }

func TestTheStreamOfAClientIsClosedHoweverTheLoopEnds(t *testing.T) {
	_, ctx, box := recorded(t)
	loop := func(name string, stream *client, body func(int, error) bool) {
		defer func() { _ = recover() }()
		span, _ := llmobs.StartLLMSpan(ctx, name)
		for n, err := range llmobs.Items(span, stream, nil) {
			if !body(n, err) {
				break
			}
		}
	}
	for name, body := range map[string]func(int, error) bool{
		"ended":    func(int, error) bool { return true },
		"left":     func(int, error) bool { return false },
		"panicked": func(int, error) bool { panic("loop") },
	} {
		stream := &client{}
		loop(name, stream, body)
		equal(t, name+": closed", stream.closed, 1)
		equal(t, name+": failed", box.one(t, name).Status == "error", name == "panicked")
	}
	stream := &client{err: errStream}
	var seen []error
	loop("failed", stream, func(_ int, err error) bool { seen = append(seen, err); return true })
	if !slices.Equal(seen, []error{nil, nil, errStream}) || stream.closed != 1 {
		t.Error(seen, stream.closed)
	}
	equal(t, "status", box.one(t, "failed").Status, "error")
}
