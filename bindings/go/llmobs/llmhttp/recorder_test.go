// What the tests of this package need: a tracer whose spans can be read, and a stand-in for a provider.

package llmhttp_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/witspan/witspan-go/llmobs/llmobstest"
)

// record starts the global tracer; the function gives the spans that have finished so far.
func record(t testing.TB) (spans func() []llmobstest.Span) {
	t.Helper()
	return llmobstest.Start(t).Spans
}

// text is what was said, with the roles.
func text(said llmobstest.Content) string {
	var all []string
	for _, each := range said.Messages {
		all = append(all, each.Role+": "+each.Content)
	}
	return strings.Join(all, "; ")
}

// only is the one span that there must be.
func only(t testing.TB, spans []llmobstest.Span) llmobstest.Span {
	t.Helper()
	if len(spans) != 1 {
		t.Fatalf("%d spans: %+v", len(spans), spans)
	}
	return spans[0]
}

// model is a provider that answers with these bytes.
func model(t testing.TB, status int, format, answer string) *httptest.Server {
	t.Helper()
	return serve(t, func(w http.ResponseWriter, req *http.Request) {
		_, _ = io.Copy(io.Discard, req.Body)
		w.Header().Set("Content-Type", format)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, answer)
	})
}

func serve(t testing.TB, handler http.HandlerFunc) *httptest.Server {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	return server
}

const (
	asked    = `{"model":"gpt-4o","temperature":0.5,"messages":[{"role":"user","content":"Hi"}]}`
	answered = `{"id":"c","model":"gpt-4o-2024","choices":[{"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}`
	streamed = "data: {\"choices\":[{\"delta\":{\"content\":\"Hel\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"lo\"},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
)

func post(t testing.TB, ctx context.Context, address, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address+"/v1/chat/completions", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	return req
}
