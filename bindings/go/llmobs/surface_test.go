// What dd-trace-go's package llmobs exports is here, with types that its users' code compiles with. The list is
// that of github.com/DataDog/dd-trace-go/v2 v2.12.0, by `go doc -all ./llmobs`. Left out are the prompts of
// Datadog's registry: ErrPromptAuth, GetPrompt, GetPromptOption, WithPrompt…, ManagedPrompt, PromptFallback,
// PromptSource…, PromptTemplate, Formatted…, ToolFunction. An option is a value here and a function there; nobody
// calls one. SubmitEvaluationFrom… gives an error here, which a caller may leave.

package llmobs_test

import (
	"context"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/witspan/witspan-go/llmobs"
)

type starting[S any] = func(context.Context, string, ...llmobs.StartSpanOption) (S, context.Context)

// textual, and so on, are what the spans of one kind have beside llmobs.Span.
type (
	textual interface {
		AnnotateTextIO(input, output string, opts ...llmobs.AnnotateOption)
	}
	conversational interface {
		AnnotateLLMIO(input, output []llmobs.LLMMessage, opts ...llmobs.AnnotateOption)
	}
	embedding interface {
		AnnotateEmbeddingIO(input []llmobs.EmbeddedDocument, output string, opts ...llmobs.AnnotateOption)
	}
	retrieving interface {
		AnnotateRetrievalIO(input string, output []llmobs.RetrievedDocument, opts ...llmobs.AnnotateOption)
	}
	whole interface {
		Name() string
		SpanID() string
		Kind() string
		TraceID() string
		APMTraceID() string
		AddLink(link llmobs.SpanLink)
		Finish(opts ...llmobs.FinishSpanOption)
		Annotate(opts ...llmobs.AnnotateOption)
	}
)

// Functions.
var (
	_ starting[*llmobs.LLMSpan]       = llmobs.StartLLMSpan
	_ starting[*llmobs.WorkflowSpan]  = llmobs.StartWorkflowSpan
	_ starting[*llmobs.AgentSpan]     = llmobs.StartAgentSpan
	_ starting[*llmobs.ToolSpan]      = llmobs.StartToolSpan
	_ starting[*llmobs.TaskSpan]      = llmobs.StartTaskSpan
	_ starting[*llmobs.EmbeddingSpan] = llmobs.StartEmbeddingSpan
	_ starting[*llmobs.RetrievalSpan] = llmobs.StartRetrievalSpan

	_ func(context.Context) (*llmobs.AnySpan, bool) = llmobs.SpanFromContext

	_ func(string, bool, llmobs.EvaluatedSpan, ...llmobs.EvaluationOption) error    = llmobs.SubmitEvaluationFromSpan[bool]
	_ func(string, float64, llmobs.EvaluatedSpan, ...llmobs.EvaluationOption) error = llmobs.SubmitEvaluationFromSpan[float64]
	_ func(string, string, llmobs.JoinTag, ...llmobs.EvaluationOption) error        = llmobs.SubmitEvaluationFromTag[string]
	_ func(string, verdict, llmobs.JoinTag, ...llmobs.EvaluationOption) error       = llmobs.SubmitEvaluationFromTag[verdict]

	_ func(string) llmobs.StartSpanOption    = llmobs.WithIntegration
	_ func(string) llmobs.StartSpanOption    = llmobs.WithMLApp
	_ func(string) llmobs.StartSpanOption    = llmobs.WithModelName
	_ func(string) llmobs.StartSpanOption    = llmobs.WithModelProvider
	_ func(string) llmobs.StartSpanOption    = llmobs.WithSessionID
	_ func(time.Time) llmobs.StartSpanOption = llmobs.WithStartTime

	_ func(error) llmobs.FinishSpanOption     = llmobs.WithError
	_ func(time.Time) llmobs.FinishSpanOption = llmobs.WithFinishTime

	_ func([]string) llmobs.AnnotateOption                = llmobs.WithAnnotatedCostTagKeys
	_ func(string) llmobs.AnnotateOption                  = llmobs.WithAnnotatedIntent
	_ func(map[string]any) llmobs.AnnotateOption          = llmobs.WithAnnotatedMetadata
	_ func(map[string]float64) llmobs.AnnotateOption      = llmobs.WithAnnotatedMetrics
	_ func(llmobs.Prompt) llmobs.AnnotateOption           = llmobs.WithAnnotatedPrompt
	_ func(string) llmobs.AnnotateOption                  = llmobs.WithAnnotatedSessionID
	_ func(map[string]string) llmobs.AnnotateOption       = llmobs.WithAnnotatedTags
	_ func([]llmobs.ToolDefinition) llmobs.AnnotateOption = llmobs.WithAnnotatedToolDefinitions
	_ func(string) llmobs.AnnotateOption                  = llmobs.WithIntent

	_ func(string) llmobs.EvaluationOption    = llmobs.WithEvaluationMLApp
	_ func([]string) llmobs.EvaluationOption  = llmobs.WithEvaluationTags
	_ func(time.Time) llmobs.EvaluationOption = llmobs.WithEvaluationTimestamp
)

// Spans.
var (
	_ llmobs.Span = whole(nil)
	_ whole       = llmobs.Span(nil)

	_ interface {
		whole
		conversational
	} = (*llmobs.LLMSpan)(nil)
	_ interface {
		whole
		textual
	} = (*llmobs.WorkflowSpan)(nil)
	_ interface {
		whole
		textual
	} = (*llmobs.AgentSpan)(nil)
	_ interface {
		whole
		textual
	} = (*llmobs.ToolSpan)(nil)
	_ interface {
		whole
		textual
	} = (*llmobs.TaskSpan)(nil)
	_ interface {
		whole
		embedding
	} = (*llmobs.EmbeddingSpan)(nil)
	_ interface {
		whole
		retrieving
	} = (*llmobs.RetrievalSpan)(nil)
	_ interface {
		whole
		AsLLM() (*llmobs.LLMSpan, bool)
		AsWorkflow() (*llmobs.WorkflowSpan, bool)
		AsAgent() (*llmobs.AgentSpan, bool)
		AsTool() (*llmobs.ToolSpan, bool)
		AsTask() (*llmobs.TaskSpan, bool)
		AsEmbedding() (*llmobs.EmbeddingSpan, bool)
		AsRetrieval() (*llmobs.RetrievalSpan, bool)
	} = (*llmobs.AnySpan)(nil)
)

// theirs are dd-trace-go's types, member by member: a conversion compiles only between the same members. Tags
// of members may differ.
type (
	theirPrompt struct {
		ID, Version, PromptUUID, PromptVersionUUID, Label, Template string
		ChatTemplate                                                []llmobs.LLMMessage
		ChatTemplateItems                                           []llmobs.ChatTemplateItem
		Variables, Tags                                             map[string]string
		RAGContextVariables, RAGQueryVariables                      []string
	}
	theirDocument struct {
		Text, Name string
		Score      float64
		ID         string
	}
)

var (
	_ = theirPrompt(llmobs.Prompt{})
	_ = theirDocument(llmobs.EmbeddedDocument{})
	_ = theirDocument(llmobs.RetrievedDocument{})
	_ = struct{ Key, Value string }(llmobs.JoinTag{})
	_ = struct {
		Role, Content string
		ToolCalls     []llmobs.ToolCall
		ToolResults   []llmobs.ToolResult
	}(llmobs.LLMMessage{})
	_ = struct {
		Name         string
		Arguments    json.RawMessage
		ToolID, Type string
	}(llmobs.ToolCall{})
	_ = struct {
		Result             any
		Name, ToolID, Type string
	}(llmobs.ToolResult{})
	_ = struct {
		Name, Description, ToolVersion string
		Schema                         json.RawMessage
	}(llmobs.ToolDefinition{})
	_ = struct {
		TraceID, TraceIDHigh, SpanID uint64
		Attributes                   map[string]string
		Tracestate                   string
		Flags                        uint32
	}(llmobs.SpanLink{})
	_ = struct{ Role, Content string }(llmobs.ChatMessage{})
	_ = struct{ Name string }(llmobs.MessagePlaceholder{})
	_ = struct {
		Message     *llmobs.ChatMessage
		Placeholder *llmobs.MessagePlaceholder
	}(llmobs.ChatTemplateItem{})
)

func TestTheNamesOfMetricsAreDdTraceGos(t *testing.T) {
	for got, expected := range map[string]string{
		llmobs.MetricKeyInputTokens:            "input_tokens",
		llmobs.MetricKeyOutputTokens:           "output_tokens",
		llmobs.MetricKeyTotalTokens:            "total_tokens",
		llmobs.MetricKeyCacheReadInputTokens:   "cache_read_input_tokens",
		llmobs.MetricKeyCacheWriteInputTokens:  "cache_write_input_tokens",
		llmobs.MetricKeyEphemeral1HInputTokens: "ephemeral_1h_input_tokens",
		llmobs.MetricKeyEphemeral5MInputTokens: "ephemeral_5m_input_tokens",
		llmobs.MetricKeyReasoningOutputTokens:  "reasoning_output_tokens",
		llmobs.MetricKeyBillableCharacterCount: "billable_character_count",
		llmobs.MetricKeyTimeToFirstToken:       "time_to_first_token",
	} {
		equal(t, "metric", got, expected)
	}
}

func TestOptionsAreValuesThatCanBeCompared(t *testing.T) {
	if !reflect.DeepEqual(llmobs.WithModelName("m"), llmobs.StartSpanOption{ModelName: "m"}) {
		t.Error("an option is not the value that it is written as")
	}
}

func TestATemplateOfMessagesAndPlaceholdersArrives(t *testing.T) {
	_, ctx, box := recorded(t)
	span, _ := llmobs.StartLLMSpan(ctx, "templated")
	span.Annotate(llmobs.WithAnnotatedPrompt(llmobs.Prompt{ID: "p", ChatTemplateItems: []llmobs.ChatTemplateItem{
		{Message: &llmobs.ChatMessage{Role: "user", Content: "{{q}}"}}, {Placeholder: &llmobs.MessagePlaceholder{Name: "history"}},
	}}))
	span.Finish()
	text, _ := json.Marshal(box.one(t, "templated").Meta)
	if !strings.Contains(string(text), "{{q}}") || !strings.Contains(string(text), "history") {
		t.Error(string(text), box.log())
	}
}
