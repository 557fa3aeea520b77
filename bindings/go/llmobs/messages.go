// Messages, documents, prompts, tools, agents, links: the types that an application fills in.

package llmobs

import "encoding/json"

// LLMMessage is a message of a conversation with a model.
type LLMMessage struct {
	// Role is system, user, assistant, tool, or what the model's provider calls it.
	Role        string       `json:"role"`
	Content     string       `json:"content"`
	ToolCalls   []ToolCall   `json:"tool_calls,omitempty"`
	ToolResults []ToolResult `json:"tool_results,omitempty"`
}

// ToolCall is a call of a tool that a model asks for.
type ToolCall struct {
	Name string `json:"name"`
	// Arguments are JSON; what is not JSON is sent as a text.
	Arguments json.RawMessage `json:"arguments"`
	ToolID    string          `json:"tool_id,omitempty"`
	Type      string          `json:"type,omitempty"`
}

// ToolResult is what a tool gave.
type ToolResult struct {
	// Result is any value.
	Result any    `json:"result"`
	Name   string `json:"name,omitempty"`
	ToolID string `json:"tool_id,omitempty"`
	Type   string `json:"type,omitempty"`
}

// ToolDefinition is a tool that a model may call.
type ToolDefinition struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	ToolVersion string `json:"version,omitempty"`
	// Schema is the JSON schema of the arguments.
	Schema json.RawMessage `json:"schema,omitempty"`
}

// EmbeddedDocument is a text that an embedding was made of.
type EmbeddedDocument struct {
	Text string `json:"text"`
	Name string `json:"name,omitempty"`
	// Score is any number; 0 says nothing.
	Score float64 `json:"score,omitempty"`
	ID    string  `json:"id,omitempty"`
}

// RetrievedDocument is a text that was found.
type RetrievedDocument struct {
	Text string `json:"text"`
	Name string `json:"name,omitempty"`
	// Score says how well it fits; 0 says nothing.
	Score float64 `json:"score,omitempty"`
	ID    string  `json:"id,omitempty"`
}

// Prompt is the template that an input was made of.
type Prompt struct {
	ID                string `json:"id,omitempty"`
	Version           string `json:"version,omitempty"`
	PromptUUID        string `json:"prompt_uuid,omitempty"`
	PromptVersionUUID string `json:"prompt_version_uuid,omitempty"`
	Label             string `json:"label,omitempty"`
	// Template is the text, with the variables as {{name}}.
	Template string `json:"template,omitempty"`
	// ChatTemplate is a template of messages, in place of Template.
	ChatTemplate []LLMMessage `json:"chat_template,omitempty"`
	// ChatTemplateItems is a template of messages and placeholders, in place of ChatTemplate.
	ChatTemplateItems []ChatTemplateItem `json:"-"`
	Variables         map[string]string  `json:"variables,omitempty"`
	Tags              map[string]string  `json:"tags,omitempty"`
	// RAGContextVariables are the variables that hold what was retrieved.
	RAGContextVariables []string `json:"context_variables,omitempty"`
	// RAGQueryVariables are the variables that hold the question.
	RAGQueryVariables []string `json:"query_variables,omitempty"`
}

// ChatMessage is a message of a template.
type ChatMessage struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// MessagePlaceholder is a place in a template where messages are inserted.
type MessagePlaceholder struct {
	Name string `json:"name"`
}

// ChatTemplateItem is a message or a placeholder.
type ChatTemplateItem struct {
	Message     *ChatMessage
	Placeholder *MessagePlaceholder
}

// MarshalJSON writes the one that is there.
func (i ChatTemplateItem) MarshalJSON() ([]byte, error) {
	if i.Placeholder != nil {
		return json.Marshal(map[string]string{"type": "placeholder", "name": i.Placeholder.Name})
	}
	return json.Marshal(i.Message)
}

// Agent describes the agent of an agent span.
type Agent struct {
	Name         string `json:"name,omitempty"`
	Version      string `json:"version,omitempty"`
	Instructions string `json:"instructions,omitempty"`
	Model        string `json:"model,omitempty"`
	// ModelSettings are such as temperature and max_tokens.
	ModelSettings map[string]any   `json:"model_settings,omitempty"`
	Tools         []ToolDefinition `json:"tools,omitempty"`
}

// SpanLink is a link to another span, by ids of Datadog's form.
type SpanLink struct {
	// TraceID is the lower half of the trace's id.
	TraceID uint64 `json:"trace_id"`
	// TraceIDHigh is the upper half; 0 if there is none.
	TraceIDHigh uint64            `json:"trace_id_high,omitempty"`
	SpanID      uint64            `json:"span_id"`
	Attributes  map[string]string `json:"attributes,omitempty"`
	// Tracestate and Flags are W3C's; they are sent as attributes.
	Tracestate string `json:"tracestate,omitempty"`
	Flags      uint32 `json:"flags,omitempty"`
}
