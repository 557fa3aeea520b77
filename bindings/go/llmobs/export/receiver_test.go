// A receiver on this machine, and spans to send to it.

package export_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/witspan/witspan-go/llmobs/export"
)

// receiver keeps what it gets. It answers 202, or what answer says of the nth request, from 1.
type receiver struct {
	*httptest.Server
	answer func(number int, to http.ResponseWriter, request *http.Request)

	mu       sync.Mutex
	requests []received
}

type received struct {
	path, key string
	body      []byte
}

func listen(t *testing.T, answer func(int, http.ResponseWriter, *http.Request)) *receiver {
	t.Helper()
	r := &receiver{answer: answer}
	r.Server = httptest.NewServer(http.HandlerFunc(func(to http.ResponseWriter, request *http.Request) {
		body, _ := io.ReadAll(request.Body)
		r.mu.Lock()
		r.requests = append(r.requests, received{request.URL.Path, request.Header.Get("dd-api-key"), body})
		number := len(r.requests)
		r.mu.Unlock()
		if r.answer == nil {
			to.WriteHeader(http.StatusAccepted)
			return
		}
		r.answer(number, to, request)
	}))
	t.Cleanup(r.Close)
	return r
}

func (r *receiver) client(t *testing.T, opts ...export.ClientOption) *export.Client {
	t.Helper()
	client, err := export.NewClient("app", append([]export.ClientOption{export.WithAgentURL(r.URL)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

func (r *receiver) got() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]received(nil), r.requests...)
}

type fields = map[string]any

// spans gives the spans of the requests from a place on.
func (r *receiver) spans(t *testing.T, from int) (spans []fields) {
	t.Helper()
	for _, request := range r.got()[from:] {
		var envelopes []struct{ Spans []fields }
		if err := json.Unmarshal(request.body, &envelopes); err != nil {
			t.Fatalf("%v in %s", err, request.body)
		}
		for _, envelope := range envelopes {
			spans = append(spans, envelope.Spans...)
		}
	}
	return spans
}

func (r *receiver) evaluations(t *testing.T) (metrics []fields) {
	t.Helper()
	for _, request := range r.got() {
		var body struct {
			Data struct{ Attributes struct{ Metrics []fields } }
		}
		if err := json.Unmarshal(request.body, &body); err != nil {
			t.Fatalf("%v in %s", err, request.body)
		}
		metrics = append(metrics, body.Data.Attributes.Metrics...)
	}
	return metrics
}

var began = time.Unix(1_700_000_000, 0)

func span(number int, opts ...export.SpanEventOption) export.SpanEvent {
	opts = append([]export.SpanEventOption{export.WithTiming(began, time.Second)}, opts...)
	return export.NewSpanEvent("7", strconv.Itoa(number), export.KindTask, opts...)
}

// check tells whether a result accounts for every row.
func check(t *testing.T, result *export.Result, rows, sent, dropped, failed int) {
	t.Helper()
	if result.Sent != sent || result.Dropped != dropped || result.Failed != failed || sent+dropped+failed != rows {
		t.Errorf("%d rows: sent %d, dropped %d, failed %d; want %d, %d, %d",
			rows, result.Sent, result.Dropped, result.Failed, sent, dropped, failed)
	}
	seen := map[int]int{}
	for _, request := range result.Requests {
		for _, row := range request.InputIndices {
			seen[row]++
		}
	}
	for _, invalid := range result.ValidationErrors {
		seen[invalid.Index]++
	}
	for row := range rows {
		if seen[row] != 1 {
			t.Fatalf("row %d is in %d results", row, seen[row])
		}
	}
}
