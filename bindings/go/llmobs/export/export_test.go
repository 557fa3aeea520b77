// What becomes of a submission: batches, retries, contexts that end, rows that are wrong.

package export_test

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/witspan/witspan-go/llmobs/export"
)

func TestFiveThousandSpansArriveInOrder(t *testing.T) {
	receiver := listen(t, nil)
	events := make([]export.SpanEvent, 5000)
	for at := range events {
		events[at] = span(at+1, export.WithTextIO(strings.Repeat("a question ", 20), "an answer"))
	}
	result, err := receiver.client(t).SubmitSpans(t.Context(), events)
	if err != nil {
		t.Fatal(err)
	}
	check(t, result, 5000, 5000, 0, 0)
	spans := receiver.spans(t, 0)
	if len(spans) != 5000 {
		t.Fatalf("%d spans arrived", len(spans))
	}
	at := 0
	for number, request := range result.Requests {
		if request.StatusCode != http.StatusAccepted || request.Attempts != 1 || request.Err != nil {
			t.Errorf("request %d: %+v", number, request)
		}
		for _, row := range request.InputIndices {
			if spans[at]["span_id"] != strconv.Itoa(row+1) {
				t.Fatalf("request %d says that it had row %d, but it had %v", number, row, spans[at]["span_id"])
			}
			at++
		}
	}
}

func TestARowThatIsWrongCostsOnlyItself(t *testing.T) {
	receiver := listen(t, nil)
	change := func(change func(*export.SpanEvent)) export.SpanEvent {
		event := span(9)
		change(&event)
		return event
	}
	wrong := []struct {
		code  export.ErrorCode
		event export.SpanEvent
	}{
		{export.CodeMissingID, change(func(e *export.SpanEvent) { e.SpanID = "" })},
		{export.CodeMissingID, change(func(e *export.SpanEvent) { e.TraceID = "" })},
		{export.CodeMissingKind, change(func(e *export.SpanEvent) { e.Meta = nil })},
		{export.CodeInvalidKind, change(func(e *export.SpanEvent) { e.Meta["span.kind"] = "experiment" })},
		{export.CodeInvalidStatus, change(func(e *export.SpanEvent) { e.Status = "bad" })},
		{export.CodeInvalidTiming, change(func(e *export.SpanEvent) { e.StartNS = 0 })},
		{export.CodeInvalidTiming, change(func(e *export.SpanEvent) { e.Duration = -1 })},
		{export.CodeInvalidLink, change(func(e *export.SpanEvent) { e.SpanLinks = []export.SpanLink{{TraceID: "x", SpanID: "1"}} })},
		{export.CodeInvalidLink, change(func(e *export.SpanEvent) { e.SpanLinks = []export.SpanLink{{TraceID: "1", SpanID: "01"}} })},
	}
	events := []export.SpanEvent{span(1)}
	for at, one := range wrong {
		events = append(events, one.event, span(100+at))
	}
	result, err := receiver.client(t).SubmitSpans(t.Context(), events)
	if err != nil {
		t.Fatal("rows that are wrong are no error of the call:", err)
	}
	check(t, result, len(events), len(wrong)+1, len(wrong), 0)
	for at, one := range wrong {
		invalid := result.ValidationErrors[at]
		if invalid.Index != 2*at+1 || invalid.Code != one.code || invalid.Reason == "" {
			t.Errorf("row %d: %v, want %s", 2*at+1, invalid, one.code)
		}
	}
	if got := receiver.spans(t, 0); len(got) != len(wrong)+1 {
		t.Errorf("%d spans arrived", len(got))
	}
}

func TestWhatABusyReceiverSaysIsSentAgain(t *testing.T) {
	for _, status := range []int{429, 503, 408, 425} {
		t.Run(strconv.Itoa(status), func(t *testing.T) {
			t.Parallel()
			receiver := listen(t, func(number int, to http.ResponseWriter, _ *http.Request) {
				if number == 1 {
					to.Header().Set("retry-after", "0")
					to.WriteHeader(status)
					return
				}
				to.WriteHeader(http.StatusAccepted)
			})
			result, err := receiver.client(t).SubmitSpans(t.Context(), []export.SpanEvent{span(1)})
			if err != nil {
				t.Fatal(err)
			}
			check(t, result, 1, 1, 0, 0)
			if got := result.Requests[0]; got.Attempts != 2 || got.StatusCode != http.StatusAccepted {
				t.Errorf("%+v", got)
			}
			if got := receiver.got(); len(got) != 2 || string(got[0].body) != string(got[1].body) {
				t.Error("the second request is not the first once more")
			}
		})
	}
}

func TestAReceiverThatStaysBusyIsGivenUp(t *testing.T) {
	receiver := listen(t, func(_ int, to http.ResponseWriter, _ *http.Request) {
		to.Header().Set("retry-after", "0.01")
		http.Error(to, "come back later", http.StatusServiceUnavailable)
	})
	result, err := receiver.client(t).SubmitSpans(t.Context(), []export.SpanEvent{span(1)})
	if err == nil {
		t.Fatal("no error")
	}
	check(t, result, 1, 0, 0, 1)
	got := result.Requests[0]
	if got.Attempts != 3 || got.StatusCode != 503 || !got.Retriable || got.ResponseSnippet != "come back later" {
		t.Errorf("%+v", got)
	}
	if !errors.Is(err, got.Err) || !strings.Contains(err.Error(), "come back later") {
		t.Error(err)
	}
}

func TestARefusalIsFinal(t *testing.T) {
	receiver := listen(t, func(_ int, to http.ResponseWriter, _ *http.Request) {
		http.Error(to, strings.Repeat("ü", 400), http.StatusBadRequest)
	})
	result, err := receiver.client(t).SubmitSpans(t.Context(), []export.SpanEvent{span(1)})
	if err == nil {
		t.Fatal("no error")
	}
	got := result.Requests[0]
	if got.Attempts != 1 || got.StatusCode != 400 || got.Retriable || got.ResponseSnippet != strings.Repeat("ü", 256) {
		t.Errorf("%+v", got)
	}
}

func TestOneBatchThatIsRefusedDoesNotStopTheNext(t *testing.T) {
	receiver := listen(t, func(number int, to http.ResponseWriter, _ *http.Request) {
		to.WriteHeader(map[bool]int{true: 400, false: 202}[number == 1])
	})
	events := make([]export.SpanEvent, 600)
	for at := range events {
		events[at] = span(at + 1)
	}
	result, err := receiver.client(t).SubmitSpans(t.Context(), events)
	if err == nil {
		t.Fatal("no error")
	}
	first := len(result.Requests[0].InputIndices)
	check(t, result, 600, 600-first, 0, first)
}

func TestAReceiverThatIsNotThere(t *testing.T) {
	receiver := listen(t, nil)
	client := receiver.client(t)
	receiver.Close()
	result, err := client.SubmitSpans(t.Context(), []export.SpanEvent{span(1)})
	if err == nil {
		t.Fatal("no error")
	}
	if got := result.Requests[0]; got.Attempts != 3 || got.StatusCode != 0 || !got.Retriable {
		t.Errorf("%+v", got)
	}
}

func TestAContextThatHasEndedSendsNothing(t *testing.T) {
	receiver := listen(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	result, err := receiver.client(t).SubmitSpans(ctx, []export.SpanEvent{span(1), {}})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	check(t, result, 2, 0, 0, 2)
	if got := result.Requests[0]; !got.Retriable || got.Attempts != 0 || !errors.Is(got.Err, context.Canceled) {
		t.Errorf("%+v", got)
	}
	if len(receiver.got()) != 0 {
		t.Error("something was sent")
	}
}

func TestAContextThatEndsDuringARequest(t *testing.T) {
	entered := make(chan struct{}, 1)
	over := make(chan struct{})
	receiver := listen(t, func(_ int, _ http.ResponseWriter, _ *http.Request) {
		entered <- struct{}{}
		<-over
	})
	defer close(over)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-entered
		cancel()
	}()
	result, err := receiver.client(t).SubmitSpans(ctx, []export.SpanEvent{span(1)})
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	check(t, result, 1, 0, 0, 1)
	if got := result.Requests[0]; got.Retriable || got.Attempts != 1 {
		t.Errorf("%+v", got)
	}
}

func TestAContextThatEndsBetweenAttempts(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	receiver := listen(t, func(_ int, to http.ResponseWriter, _ *http.Request) {
		to.Header().Set("retry-after", "30")
		to.WriteHeader(http.StatusTooManyRequests)
		time.AfterFunc(500*time.Millisecond, cancel)
	})
	start := time.Now()
	result, err := receiver.client(t).SubmitSpans(ctx, []export.SpanEvent{span(1)})
	if !errors.Is(err, context.Canceled) || time.Since(start) > 10*time.Second {
		t.Error(err, time.Since(start))
	}
	if got := result.Requests[0]; got.Retriable || got.StatusCode != 429 || got.Attempts != 1 {
		t.Errorf("%+v", got)
	}
}

func TestAContextThatEndsAfterTheFirstBatch(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	receiver := listen(t, func(_ int, to http.ResponseWriter, _ *http.Request) {
		to.WriteHeader(http.StatusAccepted)
		cancel()
	})
	events := make([]export.SpanEvent, 1200)
	for at := range events {
		events[at] = span(at + 1)
	}
	result, err := receiver.client(t).SubmitSpans(ctx, events)
	if !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	sent := result.Sent
	check(t, result, 1200, sent, 0, 1200-sent)
	// The answer and the end of the context are a race, which either may win.
	if len(receiver.got()) != 1 || len(result.Requests) != 2 || !result.Requests[1].Retriable {
		t.Errorf("%d requests, %d results", len(receiver.got()), len(result.Requests))
	}
}

func TestAnEndAfterTheLastRequestIsNoError(t *testing.T) {
	receiver := listen(t, nil)
	ctx, cancel := context.WithCancel(t.Context())
	client := receiver.client(t, export.WithHTTPClient(&http.Client{Transport: after(cancel)}))
	result, err := client.SubmitSpans(ctx, []export.SpanEvent{span(1)})
	if err != nil || result.Sent != 1 {
		t.Error(err, result)
	}
}

// after is called when an answer is read to its end.
type after func()

func (a after) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(request.WithContext(context.WithoutCancel(request.Context())))
	a()
	return answer, err
}

func TestNothingIsNoRequest(t *testing.T) {
	receiver := listen(t, nil)
	result, err := receiver.client(t).SubmitSpans(t.Context(), nil)
	if err != nil || result == nil || len(result.Requests) != 0 || len(receiver.got()) != 0 {
		t.Error(result, err)
	}
}

func TestManyCallsOfOneClientAtOnce(t *testing.T) {
	receiver := listen(t, nil)
	client := receiver.client(t)
	events := []export.SpanEvent{span(1, export.WithTextIO("a", "b")), span(2), {}}
	var group sync.WaitGroup
	for range 8 {
		group.Add(1)
		go func() {
			defer group.Done()
			result, err := client.SubmitSpans(context.Background(), events)
			if err != nil || result.Sent != 2 || result.Dropped != 1 {
				t.Error(result, err)
			}
		}()
	}
	group.Wait()
	if got := receiver.spans(t, 0); len(got) != 16 {
		t.Errorf("%d spans arrived", len(got))
	}
}

func TestASpanThatIsTooLongIsCut(t *testing.T) {
	receiver := listen(t, nil)
	long := span(2, export.WithTextIO(strings.Repeat("x", 4_000_000), strings.Repeat("y", 4_000_000)))
	tags := span(3)
	for at := range 60_000 {
		tags.Tags = append(tags.Tags, strconv.Itoa(at)+":"+strings.Repeat("z", 100))
	}
	result, err := receiver.client(t).SubmitSpans(t.Context(), []export.SpanEvent{span(1), long, tags, span(4)})
	if err != nil {
		t.Fatal(err)
	}
	check(t, result, 4, result.Sent, result.Dropped, 0)
	spans := receiver.spans(t, 0)
	if len(spans) < 3 || !strings.Contains(spans[1]["meta"].(fields)["input"].(fields)["value"].(string), "[cut") {
		t.Errorf("%d spans arrived", len(spans))
	}
	for _, invalid := range result.ValidationErrors {
		if invalid.Index != 2 || invalid.Code != export.CodeTooLarge {
			t.Error(invalid)
		}
	}
}
