// How the package is used, as programs that run.

package llmhttp_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/witspan/witspan-go/llmobs"
	"github.com/witspan/witspan-go/llmobs/llmhttp"
)

// standIn plays a provider.
func standIn() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"choices": [{"message": {"role": "assistant", "content": "Hello"}}]}`)
	}))
}

// Any client that takes an *http.Client is traced by its transport, such as google.golang.org/genai
// (ClientConfig.HTTPClient) and sashabaranov/go-openai (ClientConfig.HTTPClient).
func ExampleNewTransport() {
	server := standIn()
	defer server.Close()
	client := &http.Client{Transport: llmhttp.NewTransport(http.DefaultTransport)}

	span, ctx := llmobs.StartWorkflowSpan(context.Background(), "greet")
	defer span.Finish()
	body := strings.NewReader(`{"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}`)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, server.URL+"/v1/chat/completions", body)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp, err := client.Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close() // the span openai.chat.completions, a child of greet, ends here at the latest
	answer, err := io.ReadAll(resp.Body)
	fmt.Println(string(answer), err)
	// Output: {"choices": [{"message": {"role": "assistant", "content": "Hello"}}]} <nil>
}

// With openai-go and anthropic-sdk-go the middleware is an option of the client:
//
//	client := openai.NewClient(option.WithMiddleware(llmhttp.Middleware))
//	client := anthropic.NewClient(option.WithMiddleware(llmhttp.Middleware))
func ExampleMiddleware() {
	server := standIn()
	defer server.Close()
	// This is how such a client calls it, once for each attempt.
	body := strings.NewReader(`{"model": "gpt-4o", "messages": [{"role": "user", "content": "Hi"}]}`)
	req, err := http.NewRequest(http.MethodPost, server.URL+"/v1/chat/completions", body)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp, err := llmhttp.Middleware(req, http.DefaultClient.Do)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
	// Output: 200 OK
}

// A server whose callers are traced continues their traces.
func ExampleHandler() {
	handler := llmhttp.Handler(http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) {
		span, _ := llmobs.StartWorkflowSpan(req.Context(), "answer") // a child of the caller's span
		defer span.Finish()
		fmt.Println(span.Kind())
	}))
	handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
	// Output: workflow
}
