// Annotations: what an option says of a span, as one JSON text for the core.

package llmobs

import (
	"github.com/witspan/witspan-go/internal/core"
	"github.com/witspan/witspan-go/internal/values"
)

// AnnotateOption says something of a span. Zero members say nothing. Options of one call are taken together;
// of two that say the same, the last counts. What has no JSON form is sent as a text that says so, and a
// warning is counted. Nothing that an option holds may be changed while the call runs.
type AnnotateOption struct {
	// Input is what went in: messages of an llm span, documents of an embedding span, any value of others.
	Input any
	// Output is what came out: messages of an llm span, documents of a retrieval span, any value of others.
	Output any
	// Tags are added to the span's.
	Tags map[string]string
	// CostTagKeys are keys of tags that the span has, by which costs are grouped.
	CostTagKeys []string
	// SessionID is the session, which children inherit that start from now on.
	SessionID string
	// Metadata is added to the span's.
	Metadata map[string]any
	// Metrics are numbers, such as those of the constants MetricKey….
	Metrics map[string]float64
	// Intent is what the user wants; at most 4,096 bytes.
	Intent string
	// Prompt is that of an llm span.
	Prompt *Prompt
	// ToolDefinitions are the tools that a model may call.
	ToolDefinitions []ToolDefinition
	// Agent describes the agent of an agent span.
	Agent *Agent
	// Integration is the library that made the span, such as openai.
	Integration string
	// Links are to other spans.
	Links []SpanLink
}

// WithAnnotatedInput sets the input.
func WithAnnotatedInput(input any) AnnotateOption { return AnnotateOption{Input: input} }

// WithAnnotatedOutput sets the output.
func WithAnnotatedOutput(output any) AnnotateOption { return AnnotateOption{Output: output} }

// WithAnnotatedTags adds tags.
func WithAnnotatedTags(tags map[string]string) AnnotateOption { return AnnotateOption{Tags: tags} }

// WithAnnotatedCostTagKeys names the tags by which costs are grouped.
func WithAnnotatedCostTagKeys(costTagKeys []string) AnnotateOption {
	return AnnotateOption{CostTagKeys: costTagKeys}
}

// WithAnnotatedSessionID sets the session.
func WithAnnotatedSessionID(sessionID string) AnnotateOption {
	return AnnotateOption{SessionID: sessionID}
}

// WithAnnotatedMetadata adds metadata.
func WithAnnotatedMetadata(meta map[string]any) AnnotateOption { return AnnotateOption{Metadata: meta} }

// WithAnnotatedMetrics adds metrics.
func WithAnnotatedMetrics(metrics map[string]float64) AnnotateOption {
	return AnnotateOption{Metrics: metrics}
}

// WithAnnotatedIntent says what the user wants.
func WithAnnotatedIntent(intent string) AnnotateOption { return AnnotateOption{Intent: intent} }

// WithIntent says what the user wants.
func WithIntent(intent string) AnnotateOption { return AnnotateOption{Intent: intent} }

// WithAnnotatedPrompt sets the prompt of an llm span.
func WithAnnotatedPrompt(prompt Prompt) AnnotateOption { return AnnotateOption{Prompt: &prompt} }

// WithAnnotatedToolDefinitions sets the tools that a model may call.
func WithAnnotatedToolDefinitions(toolDefinitions []ToolDefinition) AnnotateOption {
	return AnnotateOption{ToolDefinitions: toolDefinitions}
}

// WithAnnotatedAgent describes the agent of an agent span.
func WithAnnotatedAgent(agent Agent) AnnotateOption { return AnnotateOption{Agent: &agent} }

// Names of metrics that receivers know; see WithAnnotatedMetrics.
const (
	MetricKeyInputTokens            = "input_tokens"
	MetricKeyOutputTokens           = "output_tokens"
	MetricKeyTotalTokens            = "total_tokens"
	MetricKeyCacheReadInputTokens   = "cache_read_input_tokens"
	MetricKeyCacheWriteInputTokens  = "cache_write_input_tokens"
	MetricKeyEphemeral1HInputTokens = "ephemeral_1h_input_tokens"
	MetricKeyEphemeral5MInputTokens = "ephemeral_5m_input_tokens"
	MetricKeyReasoningOutputTokens  = "reasoning_output_tokens"
	MetricKeyBillableCharacterCount = "billable_character_count"
	// In seconds.
	MetricKeyTimeToFirstToken = "time_to_first_token"
)

// AnnotateLLMIO sets the messages of the call. An empty list leaves what was there.
func (s *LLMSpan) AnnotateLLMIO(input, output []LLMMessage, opts ...AnnotateOption) {
	whole((*AnySpan)(s)).annotate(opts, func(w *values.Writer) members {
		return writeMessages(w, "input", hasInput, input) | writeMessages(w, "output", hasOutput, output)
	})
}

// AnnotateTextIO sets the input and the output. An empty text leaves what was there.
func (s *WorkflowSpan) AnnotateTextIO(input, output string, opts ...AnnotateOption) {
	whole((*AnySpan)(s)).annotateText(input, output, opts)
}

// AnnotateTextIO sets the input and the output. An empty text leaves what was there.
func (s *AgentSpan) AnnotateTextIO(input, output string, opts ...AnnotateOption) {
	whole((*AnySpan)(s)).annotateText(input, output, opts)
}

// AnnotateTextIO sets the input and the output. An empty text leaves what was there.
func (s *ToolSpan) AnnotateTextIO(input, output string, opts ...AnnotateOption) {
	whole((*AnySpan)(s)).annotateText(input, output, opts)
}

// AnnotateTextIO sets the input and the output. An empty text leaves what was there.
func (s *TaskSpan) AnnotateTextIO(input, output string, opts ...AnnotateOption) {
	whole((*AnySpan)(s)).annotateText(input, output, opts)
}

// AnnotateEmbeddingIO sets the documents and the output. What is empty leaves what was there.
func (s *EmbeddingSpan) AnnotateEmbeddingIO(input []EmbeddedDocument, output string, opts ...AnnotateOption) {
	whole((*AnySpan)(s)).annotate(opts, func(w *values.Writer) members {
		return writeDocuments(w, "input", hasInput, input) | writeText(w, "output", hasOutput, output)
	})
}

// AnnotateRetrievalIO sets the question and the documents found. What is empty leaves what was there.
func (s *RetrievalSpan) AnnotateRetrievalIO(input string, output []RetrievedDocument, opts ...AnnotateOption) {
	whole((*AnySpan)(s)).annotate(opts, func(w *values.Writer) members {
		return writeText(w, "input", hasInput, input) | writeDocuments(w, "output", hasOutput, output)
	})
}

func (b *base) annotateText(input, output string, opts []AnnotateOption) {
	b.annotate(opts, func(w *values.Writer) members {
		return writeText(w, "input", hasInput, input) | writeText(w, "output", hasOutput, output)
	})
}

// Annotate adds to the span what the options say.
func (b *base) Annotate(opts ...AnnotateOption) {
	b.annotate(opts, nothing)
}

// AddLink adds a link to another span.
func (b *base) AddLink(link SpanLink) {
	b.annotate([]AnnotateOption{{Links: []SpanLink{link}}}, nothing)
}

func nothing(*values.Writer) members { return 0 }

// members are bits for what a text says already.
type members uint16

const (
	hasInput members = 1 << iota
	hasOutput
	hasTags
	hasCostTags
	hasMetadata
	hasMetrics
	hasIntent
	hasPrompt
	hasTools
	hasAgent
	hasIntegration
	hasLinks
)

// annotate passes on what the call itself says, and what the options say. A text has each member once: an
// option that says it again goes into a text of its own, as a call of its own would.
func (b *base) annotate(opts []AnnotateOption, first func(*values.Writer) members) {
	if !b.on() {
		return
	}
	w := values.Get()
	defer w.Put()
	w.Begin()
	written := first(w)
	for at := range opts {
		says := opts[at].members()
		if says&written != 0 {
			b.send(w)
			w.Reset()
			w.Begin()
			written = 0
		}
		opts[at].write(w)
		written |= says
	}
	b.send(w)
}

func (b *base) send(w *values.Writer) {
	w.End()
	// The members are those of this package, so an error is one of the state, which is counted and logged
	// already, or of a link.
	err := b.tracer.Annotate(b.ref, w.View())
	if invalid, is := err.(core.Error); is && invalid.Tag == core.ErrorInvalidArgument {
		b.tracer.Warn("an annotation is left out: " + invalid.InvalidArgument.Message)
	}
}

func (o *AnnotateOption) members() (says members) {
	say := func(member members, said bool) {
		if said {
			says |= member
		}
	}
	say(hasInput, o.Input != nil)
	say(hasOutput, o.Output != nil)
	say(hasTags, len(o.Tags) > 0 || o.SessionID != "")
	say(hasCostTags, len(o.CostTagKeys) > 0)
	say(hasMetadata, len(o.Metadata) > 0)
	say(hasMetrics, len(o.Metrics) > 0)
	say(hasIntent, o.Intent != "")
	say(hasPrompt, o.Prompt != nil)
	say(hasTools, o.ToolDefinitions != nil)
	say(hasAgent, o.Agent != nil)
	say(hasIntegration, o.Integration != "")
	say(hasLinks, len(o.Links) > 0)
	return says
}
