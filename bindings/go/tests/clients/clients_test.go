// Real clients of model providers, traced and not: the spans are there, and nothing else differs.
//
// go.mod has the newest versions of the clients, old.mod those of a year before: go test -modfile=old.mod

package clients

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"github.com/witspan/witspan-go/llmobs"
	"github.com/witspan/witspan-go/llmobs/llmobstest"
)

// words is all of it in one line.
func words(said llmobstest.Content) string {
	words := []string{}
	if said.Value != "" {
		words = append(words, said.Value)
	}
	for _, each := range said.Documents {
		words = append(words, each.Text)
	}
	for _, each := range said.Messages {
		line := each.Role + ": " + each.Content
		for _, call := range each.ToolCalls {
			line += " -> " + call.Name + string(call.Arguments) + call.ToolID
		}
		words = append(words, line)
	}
	return strings.Join(words, " | ")
}

const (
	asked        = "system: Be brief. | user: Weather?"
	sunny        = "assistant: It is sunny."
	sunnyAndCall = `assistant: It is sunny. -> weather{"city":"Paris"}`
	embedded     = "[2 embedding(s) returned with size 2]"
)

var cases = []struct {
	name                          string
	call                          func(context.Context, place) string
	span, kind, provider, model   string
	input, output                 string
	failed                        string
	streams, hasTools, hasNoUsage bool
	attempts                      int
}{
	{name: "openai chat", call: openAIChat("gpt-4o"), span: "openai.chat.completions", provider: "openai",
		model: "gpt-4o-2024-08-06", input: asked, output: sunnyAndCall + "call_1", hasTools: true},
	{name: "openai chat stream", call: openAIChatStream, span: "openai.chat.completions", provider: "openai",
		model: "gpt-4o-2024-08-06", input: asked, output: sunnyAndCall + "call_1", streams: true, hasTools: true},
	{name: "openai chat error", call: openAIChat("broken"), span: "openai.chat.completions", provider: "openai",
		model: "broken", input: asked, failed: "No such model", hasTools: true},
	{name: "openai chat again", call: openAIChat("busy"), span: "openai.chat.completions", provider: "openai",
		model: "gpt-4o-2024-08-06", input: asked, output: sunnyAndCall + "call_1", attempts: 2, hasTools: true},
	{name: "openai response", call: openAIResponse, span: "openai.responses", provider: "openai",
		model: "gpt-5-2025-08-07", input: asked, output: sunny},
	{name: "openai response stream", call: openAIResponseStream, span: "openai.responses", provider: "openai",
		model: "gpt-5-2025-08-07", input: asked, output: sunny, streams: true},
	{name: "openai embeddings", call: openAIEmbeddings, span: "openai.embeddings", kind: "embedding", provider: "openai",
		model: "text-embedding-3-small", input: "one | two", output: embedded},
	{name: "anthropic message", call: anthropicMessage("claude-sonnet-4-5"), span: "anthropic.messages", provider: "anthropic",
		model: "claude-sonnet-4-5-20250929", input: asked, output: "reasoning: Look it up. | " + sunnyAndCall + "toolu_1", hasTools: true},
	{name: "anthropic stream", call: anthropicStream, span: "anthropic.messages", provider: "anthropic",
		model: "claude-sonnet-4-5-20250929", input: asked, output: sunnyAndCall + "toolu_1", streams: true, hasTools: true},
	{name: "anthropic error", call: anthropicMessage("broken"), span: "anthropic.messages", provider: "anthropic",
		model: "broken", input: asked, failed: "No such model", hasTools: true},
	{name: "gemini answer", call: geminiAnswer("gemini-2.5-flash"), span: "google.generate_content", provider: "google",
		model: "gemini-2.5-flash", input: asked, output: sunnyAndCall, hasTools: true},
	{name: "gemini stream", call: geminiStream, span: "google.generate_content", provider: "google",
		model: "gemini-2.5-flash", input: asked, output: sunnyAndCall, streams: true, hasTools: true},
	{name: "gemini error", call: geminiAnswer("broken"), span: "google.generate_content", provider: "google",
		model: "broken", input: asked, failed: "Quota exceeded", hasTools: true},
	{name: "gemini embeddings", call: geminiEmbeddings, span: "google.embed_content", kind: "embedding", provider: "google",
		model: "gemini-embedding-001", input: "one | two", output: embedded, hasNoUsage: true},
	{name: "go-openai chat", call: olderChat("gpt-4o"), span: "openai.chat.completions", provider: "openai",
		model: "gpt-4o-2024-08-06", input: asked, output: sunnyAndCall + "call_1", hasTools: true},
	{name: "go-openai chat stream", call: olderChatStream, span: "openai.chat.completions", provider: "openai",
		model: "gpt-4o-2024-08-06", input: asked, output: sunnyAndCall + "call_1", streams: true, hasTools: true},
	{name: "go-openai chat error", call: olderChat("broken"), span: "openai.chat.completions", provider: "openai",
		model: "broken", input: asked, failed: "No such model", hasTools: true},
	{name: "go-openai embeddings", call: olderEmbeddings, span: "openai.embeddings", kind: "embedding", provider: "openai",
		model: "text-embedding-3-small", input: "one | two", output: embedded},
}

func TestClients(t *testing.T) {
	recorder, server := llmobstest.Start(t), serve(t)
	for _, each := range cases {
		t.Run(each.name, func(t *testing.T) {
			plain := each.call(context.Background(), place{server.URL, false})
			asksPlain := server.asked()
			if found := recorder.Spans(); len(found) != 0 {
				t.Fatal("there are spans of calls that are not traced")
			}
			parent, ctx := llmobs.StartWorkflowSpan(context.Background(), "around")
			traced := each.call(ctx, place{server.URL, true})
			if traced != plain {
				t.Errorf("the application sees %s\ninstead of %s", traced, plain)
			}
			if asks := server.asked(); !reflect.DeepEqual(asks, asksPlain) {
				t.Errorf("the provider sees %+v\ninstead of %+v", asks, asksPlain)
			}
			found := recorder.Spans()
			if len(found) != max(each.attempts, 1) {
				t.Fatalf("%d spans: %+v", len(found), found)
			}
			if each.attempts > 1 {
				if first := found[0]; first.Status != "error" || first.Metadata["retry_count"] != 0.0 {
					t.Errorf("%+v", first)
				}
			}
			check(t, found[len(found)-1], parent.SpanID(), each.name)
			parent.Finish()
			recorder.Reset()
		})
	}
}

func check(t *testing.T, got llmobstest.Span, parent, name string) {
	t.Helper()
	for _, want := range cases {
		if want.name != name {
			continue
		}
		kind := want.kind
		if kind == "" {
			kind = "llm"
		}
		saw := []string{got.Name, got.Kind, got.ModelProvider, got.ModelName, words(got.Input), words(got.Output), got.ParentID}
		if expected := []string{want.span, kind, want.provider, want.model, want.input, want.output, parent}; !reflect.DeepEqual(saw, expected) {
			t.Errorf("got %q\nwant %q", saw, expected)
		}
		if want.failed != "" {
			if got.Error == nil || got.Error.Message != want.failed {
				t.Errorf("%+v", got)
			}
			return
		}
		if got.Status != "ok" {
			t.Errorf("%+v", got)
		}
		if kind == "llm" {
			for metric, count := range map[string]float64{"input_tokens": 9, "output_tokens": 12, "total_tokens": 21} {
				if got.Metrics[metric] != count {
					t.Error(metric, got.Metrics)
				}
			}
		} else if got.Metrics["input_tokens"] != 2 && !want.hasNoUsage {
			t.Error(got.Metrics)
		}
		if _, has := got.Metrics["time_to_first_token"]; has != want.streams {
			t.Error("time to first token:", got.Metrics)
		}
		if want.hasTools && (len(got.ToolDefinitions) != 1 || got.ToolDefinitions[0].Name != "weather" || got.Metadata["temperature"] != 0.5) {
			t.Errorf("%+v", got)
		}
	}
}
