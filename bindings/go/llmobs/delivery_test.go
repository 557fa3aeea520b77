// How spans reach a receiver, and what becomes of them if it stalls, refuses, or is not there.

package llmobs_test

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/witspan/witspan-go/llmobs"
	"github.com/witspan/witspan-go/tracer"
)

// receiver answers with its handlers in order, then with 202.
type receiver struct {
	mu       sync.Mutex
	handlers []http.HandlerFunc
	paths    []string
	names    []string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	var sent struct {
		Data struct{ Attributes struct{ Spans []sentSpan } }
	}
	var batches []struct{ Spans []sentSpan }
	if json.Unmarshal(body, &sent) != nil {
		_ = json.Unmarshal(body, &batches)
	}
	r.mu.Lock()
	r.paths = append(r.paths, request.URL.Path)
	for _, span := range sent.Data.Attributes.Spans {
		r.names = append(r.names, span.Name)
	}
	for _, batch := range batches {
		for _, span := range batch.Spans {
			r.names = append(r.names, span.Name)
		}
	}
	handler := func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }
	if len(r.handlers) > 0 {
		handler, r.handlers = r.handlers[0], r.handlers[1:]
	}
	r.mu.Unlock()
	handler(w, request)
}

func (r *receiver) count(name string) (found int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, one := range r.names {
		if one == name {
			found++
		}
	}
	return found
}

func (r *receiver) has(path string) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Contains(r.paths, path)
}

func status(code int, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for at := 0; at+1 < len(header); at += 2 {
			w.Header().Set(header[at], header[at+1])
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, "said the receiver")
	}
}

// sending gives a tracer that sends over HTTP, and what it logs.
func sending(t *testing.T, opts ...tracer.StartOption) (*llmobs.Tracer, context.Context, *outbox) {
	t.Helper()
	for _, name := range []string{"DD_API_KEY", "DD_SITE", "DD_TRACE_AGENT_URL", "DD_AGENT_HOST", "HTTP_PROXY", "http_proxy"} {
		t.Setenv(name, "")
	}
	box := &outbox{}
	all := append([]tracer.StartOption{
		tracer.WithMLApp("test"), tracer.WithSlog(slog.New(slog.NewTextHandler(box, nil))),
	}, opts...)
	made, err := llmobs.NewTracer(all...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = made.Shutdown(within(t)) })
	return made, made.NewContext(context.Background()), box
}

func direct(origin string) []tracer.StartOption {
	return []tracer.StartOption{
		tracer.WithAPIKey("0123456789"), tracer.WithAgentlessEnabled(true), tracer.WithOverrideOrigin(origin),
	}
}

func serve(t *testing.T, handlers ...http.HandlerFunc) (*receiver, *httptest.Server) {
	t.Helper()
	r := &receiver{handlers: handlers}
	server := httptest.NewServer(r)
	t.Cleanup(server.Close)
	return r, server
}

func span(ctx context.Context, name string) {
	made, _ := llmobs.StartTaskSpan(ctx, name)
	made.AnnotateTextIO(strings.Repeat("in ", 100), strings.Repeat("out ", 100))
	made.Finish()
}

func TestAReceiverThatStallsHoldsUpNothingAndMemoryStaysBounded(t *testing.T) {
	release := make(chan struct{})
	_, server := serve(t, func(w http.ResponseWriter, _ *http.Request) { <-release; w.WriteHeader(202) })
	const most = 100_000
	made, ctx, box := sending(t, append(direct(server.URL), tracer.WithQueueBytes(most), tracer.WithBatchSpans(10))...)
	// The test ends only if no call waits: the receiver answers nothing before.
	for range 4000 {
		span(ctx, "many")
	}
	counts := made.Stats()
	balance(t, counts.Spans)
	instances := uint64(min(runtime.GOMAXPROCS(0), 4))
	if counts.Spans.Dropped["queue_full"] == 0 || counts.Bytes > most*instances {
		t.Errorf("%+v", counts)
	}
	equal(t, "notices", strings.Count(box.log(), "code=queue-full")+strings.Count(box.log(), "code=full"), 1)
	close(release)
	result, err := made.Shutdown(within(t))
	if err != nil || result.Statistics.Spans.Delivered == 0 {
		t.Error(result, err)
	}
	balance(t, result.Statistics.Spans)
}

func TestABusyReceiverIsAskedAgainWhenItSays(t *testing.T) {
	r, server := serve(t, status(503, "Retry-After", "1"))
	made, ctx, box := sending(t, direct(server.URL)...)
	span(ctx, "again")
	began := time.Now()
	if result, err := made.Flush(within(t)); err != nil || result.Delivered != 1 {
		t.Error(result, err)
	}
	if waited := time.Since(began); waited < 900*time.Millisecond {
		t.Error("it was asked again after ", waited)
	}
	equal(t, "attempts", r.count("again"), 2)
	if !strings.Contains(box.log(), "answered 503") {
		t.Error(box.log())
	}
}

func TestWhatIsRefusedIsCountedAndNotSentAgain(t *testing.T) {
	r, server := serve(t, status(400))
	made, ctx, box := sending(t, direct(server.URL)...)
	span(ctx, "refused")
	result, err := made.Flush(within(t))
	if err != nil || !result.Settled || result.Dropped != 1 || result.Statistics.Spans.Dropped["rejected"] != 1 {
		t.Error(result, err)
	}
	span(ctx, "taken")
	if result, _ := made.Flush(within(t)); result.Delivered != 1 {
		t.Error(result)
	}
	equal(t, "attempts", r.count("refused"), 1)
	if !strings.Contains(box.log(), "said the receiver") || strings.Contains(box.log(), "0123456789") {
		t.Error(box.log())
	}
}

func TestAnExportersErrorCountsAsRefused(t *testing.T) {
	made, ctx, _ := sending(t, tracer.WithExporter(func(*tracer.Exported) error { panic("exporter") }))
	span(ctx, "refused")
	if result, err := made.Flush(within(t)); err != nil || result.Statistics.Spans.Dropped["rejected"] != 1 {
		t.Error(result, err)
	}
}

func TestWithoutAKeyNothingIsSentAndTheLogSaysWhy(t *testing.T) {
	made, ctx, box := sending(t, tracer.WithAgentlessEnabled(true))
	span(ctx, "kept here")
	result, err := made.Flush(within(t))
	if err != nil || result.Statistics.Spans.Dropped["no_api_key"] != 1 {
		t.Error(result, err)
	}
	equal(t, "notices", strings.Count(box.log(), "code=no-api-key"), 1)
}

func TestSpansWaitForAReceiverThatComesUpLater(t *testing.T) {
	reserved, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := reserved.Addr().String()
	_ = reserved.Close()
	made, ctx, _ := sending(t, direct("http://"+address)...)
	span(ctx, "early")
	if result, err := made.Flush(briefly(t)); !errors.Is(err, context.DeadlineExceeded) || result.Settled {
		t.Error(result, err)
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Skip("somebody else took the port: ", err)
	}
	r := &receiver{}
	server := httptest.NewUnstartedServer(r)
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	if result, err := made.Flush(within(t)); err != nil || result.Statistics.Spans.Delivered != 1 {
		t.Error(result, err)
	}
	equal(t, "spans", r.count("early"), 1)
}

// agent is a receiver that says what it takes.
func agent(takes string) (*receiver, http.Handler) {
	r := &receiver{}
	mux := http.NewServeMux()
	mux.HandleFunc("/info", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"endpoints": ["`+takes+`"]}`)
	})
	mux.Handle("/", r)
	return r, mux
}

func TestAnAgentIsAskedAndTakesTheSpans(t *testing.T) {
	r, handler := agent("/evp_proxy/v2/")
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	made, ctx, _ := sending(t, tracer.WithAgentURL(server.URL))
	span(ctx, "by agent")
	if result, err := made.Flush(within(t)); err != nil || result.Delivered != 1 {
		t.Error(result, err)
	}
	if r.count("by agent") != 1 || !r.has("/evp_proxy/v2/api/v2/llmobs") {
		t.Error(r.paths)
	}
}

func TestAnAgentThatTakesNoSpansCostsThemAndTheyAreCounted(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	made, ctx, box := sending(t, tracer.WithAgentURL(server.URL))
	span(ctx, "nowhere")
	result, err := made.Flush(within(t))
	if err != nil || result.Statistics.Spans.Dropped["rejected"] != 1 || !strings.Contains(box.log(), "answered 404") {
		t.Error(result, err, box.log())
	}
}

func TestAnAgentIsReachedOverAUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Skip(err)
	}
	r, handler := agent("/evp_proxy/v2/")
	server := httptest.NewUnstartedServer(handler)
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	t.Cleanup(server.Close)
	made, ctx, box := sending(t, tracer.WithUDS(path))
	span(ctx, "by socket")
	if result, err := made.Flush(within(t)); err != nil || result.Delivered != 1 {
		t.Error(result, err, box.log())
	}
	equal(t, "spans", r.count("by socket"), 1)
}

func TestAFlushEndsWithItsContextAndWhatItCouldNotSendStillArrives(t *testing.T) {
	release := make(chan struct{})
	r, server := serve(t, func(w http.ResponseWriter, _ *http.Request) { <-release; w.WriteHeader(202) })
	made, ctx, _ := sending(t, direct(server.URL)...)
	span(ctx, "late")
	cancelled, cancel := context.WithCancel(context.Background())
	cancel()
	if result, err := made.Flush(cancelled); !errors.Is(err, context.Canceled) || result.Settled {
		t.Error(result, err)
	}
	if _, err := made.Flush(briefly(t)); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
	close(release)
	if result, err := made.Flush(within(t)); err != nil || result.Statistics.Spans.Delivered != 1 {
		t.Error(result, err)
	}
	equal(t, "spans", r.count("late"), 1)
}
