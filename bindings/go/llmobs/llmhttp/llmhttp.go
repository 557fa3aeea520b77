// Package llmhttp traces calls of language models where they pass as HTTP, whichever client makes them: it reads
// what OpenAI, Anthropic and Gemini are asked and answer, and servers that speak like them, such as Azure OpenAI,
// Vertex AI, DeepSeek and vLLM.
//
// A client with middleware takes [Middleware]; one with an *http.Client takes [NewTransport]. Using both is fine:
// there is one span.
//
//	openai.NewClient(option.WithMiddleware(llmhttp.Middleware))                      // openai-go
//	anthropic.NewClient(option.WithMiddleware(llmhttp.Middleware))                   // anthropic-sdk-go
//	genai.NewClient(ctx, &genai.ClientConfig{HTTPClient: &http.Client{Transport: llmhttp.NewTransport(nil)}})
//	config.HTTPClient = &http.Client{Transport: llmhttp.NewTransport(nil)}           // sashabaranov/go-openai
//
// # What is a span
//
// Chat completions, responses, completions and embeddings of OpenAI; messages of Anthropic; generateContent,
// streamGenerateContent, embedContent and batchEmbedContents of Google; all recognised by their paths. Each is an llm
// or embedding span with messages or documents, tools, settings, numbers of tokens and the provider's error. It is
// a child of what is current in the request's context. Streams have the metric time_to_first_token, in seconds.
// Anything else passes untouched.
//
// A client that tries again makes a span for each attempt; where it says which attempt it is (the header
// X-Stainless-Retry-Count), the metadata retry_count has the number.
//
// # When a span ends
//
// At the end of the answer's body, at the last event of a stream, when the body is closed, or when the request or
// the reading fails. Closing a stream early is no error: the span has what was read, and answer_incomplete in its
// metadata. An answer that is neither read to its end nor closed has no span, as it leaks its connection, too.
//
// # What the application notices
//
// Nothing: bytes, errors and timing are those it would have had. A body is copied while it passes and is never held back;
// no header is added to a request to a provider. At most 8 MiB are kept of a request and of an answer, and the
// metadata say how much more there was. An answer that the application asked to be compressed is decoded from the
// copy if it is gzip. Where tracing is off, requests pass straight through.
package llmhttp

import (
	"net/http"

	"github.com/witspan/witspan-go/llmobs"
)

// NewTransport gives a transport that traces calls of language models and hands all requests to base;
// nil means http.DefaultTransport.
func NewTransport(base http.RoundTripper) http.RoundTripper {
	return &transport{base}
}

type transport struct{ base http.RoundTripper }

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	return Middleware(req, t.next().RoundTrip)
}

// CloseIdleConnections is what http.Client.CloseIdleConnections asks for.
func (t *transport) CloseIdleConnections() {
	if base, can := t.next().(interface{ CloseIdleConnections() }); can {
		base.CloseIdleConnections()
	}
}

func (t *transport) next() http.RoundTripper {
	if t.base == nil {
		return http.DefaultTransport
	}
	return t.base
}

// Middleware traces a request that is a call of a language model. It is what option.WithMiddleware of openai-go and of
// anthropic-sdk-go take. Give it to the client before other middleware that changes the request to another provider's
// form, such as that of Amazon Bedrock: then the span has the request as the application made it.
func Middleware(req *http.Request, next func(*http.Request) (*http.Response, error)) (*http.Response, error) {
	call, sent := begin(req)
	if call == nil {
		return next(req)
	}
	returned := false
	defer func() {
		if !returned {
			call.end(errPanic)
		}
	}()
	resp, err := next(sent)
	returned = true
	call.answered(req, sent, resp, err)
	return resp, err
}

// Handler gives a server's handler whose requests have the trace of their caller in their context: spans that
// start in it continue that trace. It starts no span itself.
func Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		next.ServeHTTP(w, continued(req))
	})
}

// continued is req itself where its headers name no trace.
func continued(req *http.Request) (out *http.Request) {
	out = req
	defer func() { _ = recover() }()
	before := req.Context()
	if after := llmobs.Extract(before, req.Header); after != before {
		out = req.WithContext(after)
	}
	return out
}
