// A recorded span: what would be sent, in types that a test can compare.

package llmobstest

import (
	"encoding/json"
	"strings"
	"time"

	"github.com/witspan/witspan-go/llmobs"
)

// The types of the application, which are also those of what was recorded.
type (
	Message        = llmobs.LLMMessage
	ToolCall       = llmobs.ToolCall
	ToolResult     = llmobs.ToolResult
	ToolDefinition = llmobs.ToolDefinition
	Document       = llmobs.RetrievedDocument
	Prompt         = llmobs.Prompt
)

// Span is a span that has finished, as it would be sent.
type Span struct {
	// Kind is llm, workflow, agent, tool, task, embedding or retrieval.
	Name, Kind string
	// SpanID is decimal, TraceID has 32 hexadecimal digits. ParentID is "" for a root.
	SpanID, TraceID, ParentID string
	SessionID, MLApp          string
	// Status is ok or error.
	Status string
	// ModelName and ModelProvider are of llm and embedding spans, where unknown says that nobody named it.
	ModelName, ModelProvider string
	Input, Output            Content
	// Metadata has what the application said, without what witspan itself keeps there.
	Metadata map[string]any
	Metrics  map[string]float64
	// Tags are all of them, also those that witspan sets, such as ml_app.
	Tags        map[string]string
	CostTagKeys []string
	Intent      string
	// Error is nil unless the span failed.
	Error    *Error
	Start    time.Time
	Duration time.Duration
	Links    []Link
	// ToolDefinitions and Prompt are of llm spans.
	ToolDefinitions []ToolDefinition
	Prompt          *Prompt
	// Raw is everything, by the names of Datadog's intake.
	Raw map[string]any
}

// Content is an input or output: messages of llm spans; documents that an embedding takes or a retrieval gives;
// otherwise a value, whose text is JSON if it is none itself.
type Content struct {
	Messages  []Message
	Documents []Document
	Value     string
}

// Text gives the value, or the texts of the messages or documents, a line each.
func (c Content) Text() string {
	if len(c.Messages)+len(c.Documents) == 0 {
		return c.Value
	}
	var texts []string
	for _, message := range c.Messages {
		texts = append(texts, message.Content)
	}
	for _, document := range c.Documents {
		texts = append(texts, document.Text)
	}
	return strings.Join(texts, "\n")
}

// Error is what a span failed with.
type Error struct {
	Message string `json:"message"`
	// Type is such as *errors.errorString.
	Type  string `json:"type"`
	Stack string `json:"stack"`
}

// Link is a link to another span.
type Link struct {
	TraceID    string            `json:"trace_id"`
	SpanID     string            `json:"span_id"`
	Attributes map[string]string `json:"attributes"`
}

// sentSpan is a span in the format sdk-intake, which wit/types.wit names.
type sentSpan struct {
	Name      string             `json:"name"`
	SpanID    string             `json:"span_id"`
	TraceID   string             `json:"trace_id"`
	ParentID  string             `json:"parent_id"`
	SessionID string             `json:"session_id"`
	Status    string             `json:"status"`
	Start     int64              `json:"start_ns"`
	Duration  int64              `json:"duration"`
	Tags      []string           `json:"tags"`
	Metrics   map[string]float64 `json:"metrics"`
	Links     []Link             `json:"span_links"`
	Meta      struct {
		Span struct {
			Kind string `json:"kind"`
		} `json:"span"`
		Input           sentSide         `json:"input"`
		Output          sentSide         `json:"output"`
		Metadata        map[string]any   `json:"metadata"`
		ModelName       string           `json:"model_name"`
		ModelProvider   string           `json:"model_provider"`
		Error           *Error           `json:"error"`
		ToolDefinitions []ToolDefinition `json:"tool_definitions"`
		Intent          string           `json:"intent"`
	} `json:"meta"`
}

type sentSide struct {
	Messages  []Message   `json:"messages"`
	Documents []Document  `json:"documents"`
	Value     string      `json:"value"`
	Prompt    *sentPrompt `json:"prompt"`
}

func (s *sentSide) content() Content { return Content{s.Messages, s.Documents, s.Value} }

func spanOf(text []byte) (Span, error) {
	var sent sentSpan
	raw, err := both(text, &sent)
	if err != nil {
		return Span{}, err
	}
	meta := &sent.Meta
	span := Span{
		Name: sent.Name, Kind: meta.Span.Kind, SpanID: sent.SpanID, TraceID: sent.TraceID, ParentID: sent.ParentID,
		SessionID: sent.SessionID, Status: sent.Status, ModelName: meta.ModelName, ModelProvider: meta.ModelProvider,
		Input: meta.Input.content(), Output: meta.Output.content(), Metadata: meta.Metadata, Metrics: sent.Metrics,
		Tags: tagsOf(sent.Tags), Intent: meta.Intent, Error: meta.Error, Start: time.Unix(0, sent.Start),
		Duration: time.Duration(sent.Duration), Links: sent.Links, ToolDefinitions: meta.ToolDefinitions,
		Prompt: meta.Input.Prompt.prompt(), Raw: raw,
	}
	span.MLApp = span.Tags["ml_app"]
	if span.ParentID == "undefined" {
		span.ParentID = ""
	}
	own, _ := span.Metadata["_dd"].(map[string]any)
	delete(span.Metadata, "_dd")
	keys, _ := own["cost_tags"].([]any)
	for _, key := range keys {
		if key, is := key.(string); is {
			span.CostTagKeys = append(span.CostTagKeys, key)
		}
	}
	return span, nil
}

// sentPrompt is a prompt under the names of the intake.
type sentPrompt struct {
	Prompt
	Context []string          `json:"_dd_context_variable_keys"`
	Query   []string          `json:"_dd_query_variable_keys"`
	Chat    []json.RawMessage `json:"chat_template"`
}

func (s *sentPrompt) prompt() *Prompt {
	if s == nil {
		return nil
	}
	prompt := s.Prompt
	prompt.RAGContextVariables, prompt.RAGQueryVariables = s.Context, s.Query
	for _, text := range s.Chat {
		var item struct {
			Type, Name string
			Message
		}
		_ = json.Unmarshal(text, &item)
		if item.Type == "placeholder" {
			prompt.ChatTemplateItems = append(prompt.ChatTemplateItems, llmobs.ChatTemplateItem{
				Placeholder: &llmobs.MessagePlaceholder{Name: item.Name},
			})
			continue
		}
		prompt.ChatTemplate = append(prompt.ChatTemplate, item.Message)
		prompt.ChatTemplateItems = append(prompt.ChatTemplateItems, llmobs.ChatTemplateItem{
			Message: &llmobs.ChatMessage{Role: item.Role, Content: item.Content},
		})
	}
	// A template without placeholders is the messages alone.
	if len(prompt.ChatTemplate) == len(prompt.ChatTemplateItems) {
		prompt.ChatTemplateItems = nil
	} else {
		prompt.ChatTemplate = nil
	}
	return &prompt
}

func tagsOf(list []string) map[string]string {
	tags := make(map[string]string, len(list))
	for _, tag := range list {
		key, value, _ := strings.Cut(tag, ":")
		tags[key] = value
	}
	return tags
}
