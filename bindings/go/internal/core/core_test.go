package core

import (
	"errors"
	"runtime"
	"strings"
	"testing"
	"time"
)

// clock stands still; its entropy counts.
type clock struct {
	passed, drawn uint64
}

func (c *clock) Monotonic() uint64 { return c.passed }
func (c *clock) Wall() uint64      { return 1_700_000_000_000_000_000 + c.passed }
func (c *clock) Random() uint64 {
	c.drawn++
	return c.drawn * 0x9E3779B97F4A7C15
}

var (
	root   = Parent{}
	noName Option[string]
	plain  Option[[]SpanOption]
	ok     Option[Failure]
	unset  Option[uint64]
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func started(t testing.TB, i *Instance) Span {
	t.Helper()
	span, err := i.StartSpan(SpanKindTask, root, noName, plain, unset)
	must(t, err)
	return span
}

func TestASpanIsSent(t *testing.T) {
	i := New(&clock{})
	defer i.Close()
	span := started(t, i)
	warnings, err := i.Annotate(span, `{"input": "Why?", "metrics": {"latency": "fast"}}`)
	must(t, err)
	if len(warnings) != 1 || warnings[0].Field != "metrics.latency" {
		t.Error(warnings)
	}
	finished, err := i.Finish(span, Some(Failure{"no answer", "Timeout", "here"}), unset, unset)
	must(t, err)
	if !finished.ShouldPoll || finished.Process || finished.Dropped.Has || finished.Current.Has {
		t.Error(finished)
	}
	action, err := i.Poll(PollModeEverything)
	must(t, err)
	body := string(action.Request.Body)
	if action.Tag != ActionSend || !strings.Contains(body, `"Why?"`) || !strings.Contains(body, "no answer") {
		t.Error(action.Tag, body)
	}
}

func TestAFailedCallSaysWhyAndTheInstanceGoesOn(t *testing.T) {
	i := New(&clock{})
	defer i.Close()
	span := started(t, i)
	_, err := i.Annotate(span, `{"nonsense": 1}`)
	var refused Error
	if !errors.As(err, &refused) || refused.Tag != ErrorInvalidArgument {
		t.Fatal(err)
	}
	if argument := refused.InvalidArgument; argument.Field != "annotation" || err.Error() != argument.Message {
		t.Errorf("%+v", refused.InvalidArgument)
	}
	if _, err := i.Finish(12345, ok, unset, unset); err != error(SpanErrorUnknownSpan) {
		t.Error(err)
	}
	_, err = i.Finish(span, ok, unset, unset)
	must(t, err)
}

func TestTextThatIsNotUTF8ReachesTheCoreAsUTF8(t *testing.T) {
	i := New(&clock{})
	defer i.Close()
	span, err := i.StartSpan(SpanKindTask, root, Some("a\xff\xfeb\xed\xa0\x80"), plain, unset)
	must(t, err)
	info, err := i.SpanInfo(span)
	must(t, err)
	if want := "a\uFFFD\uFFFDb\uFFFD\uFFFD\uFFFD"; info.Name != Some(want) {
		t.Errorf("%q instead of %q", info.Name.Value, want)
	}
}

func dead(t *testing.T, i *Instance, err error) {
	t.Helper()
	var trap *Trap
	if !errors.As(err, &trap) || i.Trapped() != trap {
		t.Fatal(err)
	}
	if _, again := i.Statistics(); again != error(trap) {
		t.Error(again)
	}
	if again := i.SetProcessor(unset); again != error(trap) {
		t.Error(again)
	}
}

func TestATrapOfTheCoreEndsTheInstanceAndIsAnError(t *testing.T) {
	i := New(&clock{})
	defer i.Close()
	span := started(t, i)
	// What the core believes to be a text lies where there is no memory.
	call := func() (err error) {
		defer i.guard(&err)
		i.raw.Annotate(int64(span), -16, 16)
		return nil
	}
	dead(t, i, call())
}

func TestACoreWithoutMemoryLeftTraps(t *testing.T) {
	i := New(&clock{})
	defer i.Close()
	_, err := i.Annotate(started(t, i), strings.Repeat("a", 300<<20))
	dead(t, i, err)
}

func TestACaseThatTheContractHasNotDoesNotReachTheCore(t *testing.T) {
	i := New(&clock{})
	defer i.Close()
	_, err := i.StartSpan(SpanKind(7), root, noName, plain, unset)
	dead(t, i, err)
}

type failing struct{ clock }

func (failing) Random() uint64 { panic("no entropy") }

func TestAHostThatPanicsEndsTheInstance(t *testing.T) {
	i := New(&failing{})
	defer i.Close()
	_, err := i.StartSpan(SpanKindTask, root, noName, plain, unset)
	dead(t, i, err)
}

func TestAClosedInstanceFails(t *testing.T) {
	i := New(&clock{})
	i.Close()
	i.Close()
	_, err := i.Poll(PollModeDue)
	dead(t, i, err)
}

func TestManyInstancesThatNobodyClosedAreGivenBack(t *testing.T) {
	// Together they would have reserved 500 GB.
	for range 2000 {
		started(t, New(&clock{}))
		if time.Now().UnixNano()%16 == 0 {
			runtime.GC()
		}
	}
}

func TestTheQueueIsBounded(t *testing.T) {
	i := New(&clock{})
	defer i.Close()
	text := `{"input": "` + strings.Repeat("a", 1<<20) + `"}`
	for range 100 {
		span := started(t, i)
		_, err := i.Annotate(span, text)
		must(t, err)
		_, err = i.Finish(span, ok, unset, unset)
		must(t, err)
	}
	counts, err := i.Statistics()
	must(t, err)
	if len(counts.Dropped) != 1 || counts.Dropped[0].Reason != DropReasonQueueFull {
		t.Error(counts.Dropped)
	}
}

const annotation = `{"input": [{"role": "user", "content": "` + words + `"}], "output": [{"role": "assistant", ` +
	`"content": "` + words + `"}], "metrics": {"input_tokens": 123, "output_tokens": 45}}`

const words = "A span is one step of an application, of one of seven kinds; open until it finishes. In the contract a number: zero is the span that is not kept. " +
	"Accepted is a span that was to start, or an evaluation that was submitted and not rejected. Each one ends as delivered or dropped, and each is counted; " +
	"rejected is a call with a wrong argument: it fails, changes nothing and is counted. As a drop reason it says that the receiver answered so, with a status."

var model = []SpanOption{
	{Tag: SpanOptionModelName, Text: "gpt-4o"},
	{Tag: SpanOptionModelProvider, Text: "openai"},
}

func bare(t testing.TB, i *Instance) {
	span, err := i.StartSpan(SpanKindTask, root, Some("step"), plain, Some[uint64](0))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := i.Finish(span, ok, unset, Some[uint64](0)); err != nil {
		t.Fatal(err)
	}
}

func annotated(t testing.TB, i *Instance) {
	span, err := i.StartSpan(SpanKindLLM, root, Some("ask"), Some(model), Some[uint64](0))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := i.Annotate(span, annotation); err != nil {
		t.Fatal(err)
	}
	if _, err := i.Finish(span, ok, unset, Some[uint64](0)); err != nil {
		t.Fatal(err)
	}
}

// drained sends everything that waits.
func drained(t testing.TB, i *Instance) {
	for {
		action, err := i.Poll(PollModeEverything)
		must(t, err)
		if action.Tag != ActionSend {
			return
		}
		_, err = i.Complete(action.Request.ID, Outcome{Tag: OutcomeResponse, Response: Response{Status: 202}})
		must(t, err)
	}
}

func TestFrequentCallsAllocateNothing(t *testing.T) {
	i := New(&clock{})
	defer i.Close()
	for name, run := range map[string]func(testing.TB, *Instance){"bare": bare, "annotated": annotated} {
		if count := testing.AllocsPerRun(1000, func() { run(t, i) }); count != 0 {
			t.Error(name, count)
		}
	}
}

func benchmark(b *testing.B, run func(testing.TB, *Instance)) {
	i := New(&clock{})
	defer i.Close()
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		run(b, i)
		if n%1000 == 999 {
			b.StopTimer()
			drained(b, i)
			b.StartTimer()
		}
	}
}

func BenchmarkBare(b *testing.B)      { benchmark(b, bare) }
func BenchmarkAnnotated(b *testing.B) { benchmark(b, annotated) }

func BenchmarkInstance(b *testing.B) {
	for b.Loop() {
		New(&clock{}).Close()
	}
}

func BenchmarkNothing(b *testing.B) {
	i := New(&clock{})
	defer i.Close()
	for b.Loop() {
		_, _ = i.Abandon(0)
	}
}
