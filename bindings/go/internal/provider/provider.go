// Package provider reads what an application and a model say to each other over HTTP: requests, answers and
// event streams of OpenAI, Anthropic and Gemini, and of servers that speak like them.
//
// A [Route] is what the address of a request says. Its [Route.Request] begins a [Call], which takes the answer,
// whole or as it streams in, and then has what a span needs, in the forms that the core's `annotate` takes.
//
// Whatever arrives, nothing here panics, and at most [Limit] bytes of a request and of an answer are kept.
// Nothing that was said is lost: a part that no rule knows becomes its JSON text, under the role of who said it.
package provider

import (
	"net/http"
	"net/url"
	"strings"
)

// Limit is how many bytes are kept of a request, and of an answer. Metadata says how many there were beyond.
const Limit = 8 << 20

// A Route is what the address of a request says about it.
type Route struct {
	name     string // of the span
	kind     string // llm or embedding
	library  string // whose form the request has
	provider string
	model    string // where the address has it
	streams  bool   // where the address says so
	form     form
}

// A form reads one kind of request and its answers.
type form interface {
	request(c *Call, body map[string]any)
	answer(c *Call, body map[string]any)
	// stream is what puts the events of a streamed answer together; nil if such answers do not stream.
	stream(c *Call) assembler
}

// An assembler makes of events the answer that would have come without streaming, so that one reader does for both.
type assembler interface {
	// event takes one event: whether the model said something in it, and whether nothing comes after it.
	event(data map[string]any) (said, over bool)
	whole() map[string]any
}

// Kinds of spans.
const (
	LLM       = "llm"
	Embedding = "embedding"
)

// Recognise says whether a request goes to a model, by its address and headers alone. The rest of an
// application's requests must not be taken for one: the short paths count only below a version or a deployment.
//
//	path ends with                             span
//	/chat/completions                          openai.chat.completions
//	/v1/responses                              openai.responses
//	/v1/completions                            openai.completions
//	/v1/embeddings                             openai.embeddings
//	/v1/messages, with anthropic-version       anthropic.messages
//	/publishers/anthropic/…:rawPredict         anthropic.messages
//	:generateContent, :streamGenerateContent   google.generate_content
//	:embedContent, :batchEmbedContents         google.embed_content
//	/…embedding…:predict                       google.embed_content
func Recognise(method string, address *url.URL, header http.Header) (Route, bool) {
	if method != http.MethodPost || address == nil {
		return Route{}, false
	}
	if format := header.Get("Content-Type"); format != "" && !isJSON(format) {
		return Route{}, false
	}
	path := strings.TrimRight(address.Path, "/")
	host := strings.ToLower(address.Hostname())
	if before, action, found := cutLast(path, ":"); found && !strings.Contains(action, "/") {
		return google(before, action)
	}
	before, last, _ := cutLast(path, "/")
	_, parent, _ := cutLast(before, "/")
	switch last {
	case "completions":
		if parent == "chat" {
			return openAI("openai.chat.completions", LLM, chat{}, host, path), true
		}
		if belowVersion(before, parent) {
			return openAI("openai.completions", LLM, chat{}, host, path), true
		}
	case "responses":
		if belowVersion(before, parent) {
			return openAI("openai.responses", LLM, responses{}, host, path), true
		}
	case "embeddings":
		if belowVersion(before, parent) {
			return openAI("openai.embeddings", Embedding, embeddings{}, host, path), true
		}
	case "messages":
		known := header.Get("Anthropic-Version") != "" || within(host, "anthropic.com")
		if parent == "v1" && known {
			return anthropicRoute(host, ""), true
		}
	}
	return Route{}, false
}

func openAI(name, kind string, reads form, host, path string) Route {
	route := Route{name: name, kind: kind, library: "openai", provider: "openai", form: reads}
	if hosted := providerAt(host); hosted != "" {
		route.provider = hosted
	}
	if _, rest, found := strings.Cut(path, "/openai/deployments/"); found {
		route.provider = "azure_openai"
		route.model, _, _ = strings.Cut(rest, "/")
	}
	return route
}

func anthropicRoute(host, model string) Route {
	route := Route{
		name: "anthropic.messages", kind: LLM, library: "anthropic", provider: "anthropic", model: model, form: anthropic{},
	}
	if hosted := providerAt(host); hosted != "" && hosted != "azure_openai" && hosted != "google" {
		route.provider = hosted
	}
	return route
}

// google reads paths such as /v1beta/models/gemini-2.5-flash:generateContent, and those of Vertex AI, where
// models of Anthropic are served, too.
func google(path, action string) (Route, bool) {
	_, model, _ := cutLast(path, "/")
	route := Route{
		name: "google.generate_content", kind: LLM, library: "google_genai", provider: "google", model: model, form: gemini{},
	}
	switch action {
	case "generateContent":
		return route, true
	case "streamGenerateContent":
		route.streams = true
		return route, true
	case "embedContent", "batchEmbedContents":
	case "predict":
		if !strings.Contains(path, "/publishers/google/models/") || !strings.Contains(model, "embedding") {
			return Route{}, false
		}
	case "rawPredict", "streamRawPredict":
		return anthropicRoute("", model), strings.Contains(path, "/publishers/anthropic/models/")
	default:
		return Route{}, false
	}
	route.name, route.kind, route.form = "google.embed_content", Embedding, googleEmbeddings{}
	return route, true
}

// belowVersion says whether a path such as /openai/v1 or /openai/deployments/gpt-4o is that of an API of models.
func belowVersion(path, last string) bool {
	if last == "openai" || last == "beta" || strings.Contains(path, "/openai/deployments/") {
		return true
	}
	return len(last) >= 2 && last[0] == 'v' && last[1] >= '0' && last[1] <= '9'
}

// Who serves models below a domain. Elsewhere the provider is the one whose form the request has.
var domains = [...][2]string{
	{"openai.com", "openai"},
	{"anthropic.com", "anthropic"},
	{"openai.azure.com", "azure_openai"},
	{"cognitiveservices.azure.com", "azure_openai"},
	{"services.ai.azure.com", "azure_openai"},
	{"googleapis.com", "google"},
	{"deepseek.com", "deepseek"},
	{"mistral.ai", "mistral"},
	{"x.ai", "xai"},
	{"groq.com", "groq"},
	{"together.xyz", "together_ai"},
	{"openrouter.ai", "openrouter"},
	{"fireworks.ai", "fireworks"},
	{"perplexity.ai", "perplexity"},
	{"cerebras.ai", "cerebras"},
}

func providerAt(host string) string {
	for _, each := range domains {
		if within(host, each[0]) {
			return each[1]
		}
	}
	return ""
}

func within(host, domain string) bool {
	return host == domain || strings.HasSuffix(host, "."+domain)
}

func cutLast(text, separator string) (before, after string, found bool) {
	if at := strings.LastIndex(text, separator); at >= 0 {
		return text[:at], text[at+len(separator):], true
	}
	return "", text, false
}

func isJSON(format string) bool {
	format, _, _ = strings.Cut(format, ";")
	format = strings.ToLower(strings.TrimSpace(format))
	return format == "application/json" || strings.HasSuffix(format, "+json")
}
