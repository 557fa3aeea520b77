// Requests through the transport and the middleware: their spans, and that the application notices nothing.

package llmhttp_test

import (
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/witspan/witspan-go/llmobs"
	"github.com/witspan/witspan-go/llmobs/llmhttp"
	"github.com/witspan/witspan-go/llmobs/llmobstest"
	"github.com/witspan/witspan-go/tracer"
)

func client() *http.Client { return &http.Client{Transport: llmhttp.NewTransport(nil)} }

func TestARequestIsASpan(t *testing.T) {
	spans := record(t)
	server := model(t, 200, "application/json", answered)
	workflow, ctx := llmobs.StartWorkflowSpan(context.Background(), "ask")
	ctx = llmobs.WithAnnotationContext(ctx, llmobs.AnnotationContext{Tags: map[string]string{"team": "search"}})
	resp, err := client().Do(post(t, ctx, server.URL, asked))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil || string(body) != answered || resp.ContentLength != int64(len(answered)) {
		t.Error(err, string(body), resp.ContentLength)
	}
	if err := resp.Body.Close(); err != nil {
		t.Error(err)
	}
	span := only(t, spans())
	if span.Name != "openai.chat.completions" || span.Kind != "llm" || span.Status != "ok" ||
		span.ModelName != "gpt-4o-2024" || span.ModelProvider != "openai" {
		t.Errorf("%+v", span)
	}
	if span.ParentID != workflow.SpanID() || span.TraceID != workflow.TraceID() {
		t.Error("it is not a child of the span around it")
	}
	if text(span.Input) != "user: Hi" || text(span.Output) != "assistant: Hello" {
		t.Errorf("%+v", span)
	}
	if want := map[string]float64{"input_tokens": 3, "output_tokens": 2, "total_tokens": 5}; !reflect.DeepEqual(span.Metrics, want) {
		t.Error(span.Metrics)
	}
	if span.Metadata["temperature"] != 0.5 || span.Metadata["finish_reason"] != "stop" {
		t.Error(span.Metadata)
	}
	if span.Tags["team"] != "search" || span.Tags["integration"] != "openai" {
		t.Error(span.Tags)
	}
	workflow.Finish()
}

func TestAnErrorOfTheProvider(t *testing.T) {
	spans := record(t)
	server := model(t, 429, "application/json", `{"error":{"message":"Slow down","type":"rate_limit_error"}}`)
	req := post(t, context.Background(), server.URL, asked)
	req.Header.Set("X-Stainless-Retry-Count", "1")
	resp, err := llmhttp.Middleware(req, http.DefaultTransport.RoundTrip)
	if err != nil || resp.StatusCode != 429 || resp.Request != req {
		t.Fatal(resp, err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	span := only(t, spans())
	if span.Error == nil || span.Error.Message != "Slow down" || span.Error.Stack != "" || span.Metadata["retry_count"] != 1.0 {
		t.Errorf("%+v", span)
	}
}

type fails struct{ err error }

func (f fails) RoundTrip(*http.Request) (*http.Response, error) { return nil, f.err }

func TestARequestThatFails(t *testing.T) {
	spans := record(t)
	broken := &url.Error{Op: "Post", URL: "https://x/a?key=secret", Err: errors.New("no route")}
	_, err := llmhttp.NewTransport(fails{broken}).RoundTrip(post(t, context.Background(), "http://x", asked))
	if err != error(broken) {
		t.Error("the application has another error:", err)
	}
	span := only(t, spans())
	if span.Error == nil || text(span.Input) != "user: Hi" || span.Error.Message != `Post "https://x/a": no route` {
		t.Errorf("%+v", span)
	}
}

func TestAPanicBelowGoesOn(t *testing.T) {
	spans := record(t)
	func() {
		defer func() {
			if cause := recover(); cause != "below" {
				t.Error(cause)
			}
		}()
		req := post(t, context.Background(), "http://x", asked)
		_, _ = llmhttp.Middleware(req, func(*http.Request) (*http.Response, error) { panic("below") })
	}()
	if span := only(t, spans()); span.Status != "error" {
		t.Errorf("%+v", span)
	}
}

func TestWhatIsNotForAModelPassesUntouched(t *testing.T) {
	spans := record(t)
	other := post(t, context.Background(), "http://x", asked)
	other.URL.Path = "/v1/other"
	resp := &http.Response{Body: http.NoBody}
	pass := func(req *http.Request) func(*http.Request) (*http.Response, error) {
		return func(sent *http.Request) (*http.Response, error) {
			if sent != req {
				t.Error("it was changed")
			}
			return resp, nil
		}
	}
	if got, err := llmhttp.Middleware(other, pass(other)); got != resp || err != nil || got.Body != http.NoBody {
		t.Error(got, err)
	}
	broken := post(t, context.Background(), "http://x", asked)
	broken.GetBody = func() (io.ReadCloser, error) { panic("of the application") }
	_, _ = llmhttp.Middleware(broken, pass(broken))
	if len(spans()) != 0 {
		t.Error("there is a span")
	}
	tracer.Stop()
	off := post(t, context.Background(), "http://x", asked)
	_, _ = llmhttp.Middleware(off, pass(off))
	if count := testing.AllocsPerRun(100, func() { _, _ = llmhttp.Middleware(other, nothing) }); count != 0 {
		t.Error("what is not for a model costs allocations:", count)
	}
	// Whether the context has a tracer of its own has to be asked.
	if count := testing.AllocsPerRun(100, func() { _, _ = llmhttp.Middleware(off, nothing) }); count > 2 {
		t.Error("where tracing is off there are allocations:", count)
	}
}

func nothing(*http.Request) (*http.Response, error) { return nil, nil }

// A body that grows while it is sent is not waited for, and is read all the same.
func TestABodyThatStreams(t *testing.T) {
	spans := record(t)
	var header http.Header
	arrived := make(chan string)
	server := serve(t, func(w http.ResponseWriter, req *http.Request) {
		header = req.Header
		first := make([]byte, 10)
		_, _ = io.ReadFull(req.Body, first)
		arrived <- string(first)
		rest, _ := io.ReadAll(req.Body)
		w.Header().Set("Trailer", "X-After")
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, strings.Replace(answered, "Hello", fmt.Sprint(len(rest)+10), 1))
		w.Header().Set("X-After", "yes")
	})
	reader, writer := io.Pipe()
	req := post(t, context.Background(), server.URL, "")
	req.Body, req.GetBody, req.ContentLength = reader, nil, -1
	go func() {
		_, _ = io.WriteString(writer, asked[:10])
		if first := <-arrived; first != asked[:10] {
			t.Error(first)
		}
		_, _ = io.WriteString(writer, asked[10:])
		_ = writer.Close()
	}()
	resp, err := client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	if resp.Trailer.Get("X-After") != "yes" {
		t.Error(resp.Trailer)
	}
	span := only(t, spans())
	if text(span.Input) != "user: Hi" || text(span.Output) != fmt.Sprint("assistant: ", len(asked)) {
		t.Errorf("%+v", span)
	}
	for name := range header {
		if !slices.Contains([]string{"Content-Type", "Accept-Encoding", "User-Agent"}, name) {
			t.Error("a header was added:", name)
		}
	}
}

// http.Transport sends again over another connection, with a body that it gets anew.
func TestABodyThatIsSentAgain(t *testing.T) {
	spans := record(t)
	req := post(t, context.Background(), "http://x", "")
	again := func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(asked)), nil }
	req.Body, req.ContentLength, req.GetBody = io.NopCloser(strings.NewReader(asked)), -1, again
	resp, err := llmhttp.Middleware(req, func(sent *http.Request) (*http.Response, error) {
		_, _ = sent.Body.Read(make([]byte, 10))
		body, err := sent.GetBody()
		if err != nil {
			return nil, err
		}
		_, _ = io.Copy(io.Discard, body)
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(answered))}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if span := only(t, spans()); text(span.Input) != "user: Hi" || span.Metadata["answer_incomplete"] != true {
		t.Errorf("%+v", span)
	}
}

func TestMiddlewareAboveATransportMakesOneSpan(t *testing.T) {
	spans := record(t)
	server := model(t, 200, "application/json", answered)
	resp, err := llmhttp.Middleware(post(t, context.Background(), server.URL, asked), client().Do)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	only(t, spans())
}

func TestAnAnswerThatTheApplicationDecompresses(t *testing.T) {
	spans := record(t)
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Encoding", "gzip")
		writer := gzip.NewWriter(w)
		_, _ = io.WriteString(writer, answered)
		_ = writer.Close()
	})
	req := post(t, context.Background(), server.URL, asked)
	req.Header.Set("Accept-Encoding", "gzip")
	resp, err := client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := gzip.NewReader(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if body, err := io.ReadAll(reader); err != nil || string(body) != answered {
		t.Error(string(body), err)
	}
	_ = resp.Body.Close()
	if span := only(t, spans()); text(span.Output) != "assistant: Hello" {
		t.Errorf("%+v", span)
	}
}

// A tracer beside the global one is found in the context.
func TestATracerOfItsOwn(t *testing.T) {
	recorder, err := llmobstest.New()
	if err != nil {
		t.Fatal(err)
	}
	recorder.Bind(t)
	server := model(t, 200, "application/json", answered)
	resp, err := client().Do(post(t, recorder.Context(context.Background()), server.URL, asked))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	only(t, recorder.Spans())
}

func TestHandlerContinuesTheTraceOfItsCaller(t *testing.T) {
	spans := record(t)
	server := serve(t, llmhttp.Handler(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		span, _ := llmobs.StartTaskSpan(req.Context(), "work")
		span.Finish()
	})).ServeHTTP)
	caller, ctx := llmobs.StartWorkflowSpan(context.Background(), "call")
	for _, ctx := range []context.Context{ctx, context.Background()} {
		req, _ := http.NewRequest(http.MethodGet, server.URL, nil)
		llmobs.Inject(ctx, req.Header)
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
	}
	all := spans()
	if len(all) != 2 || all[0].TraceID != caller.TraceID() || all[0].ParentID != caller.SpanID() || all[1].TraceID == caller.TraceID() {
		t.Errorf("%+v", all)
	}
	caller.Finish()
}
