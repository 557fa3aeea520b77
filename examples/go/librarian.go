// The agent: lets a model choose how to look into the documents, then has it write an answer.

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"slices"
	"strings"
	"sync"

	"github.com/witspan/witspan-go/llmobs"
)

const (
	maxTurns     = 4
	instructions = "You answer questions about a software repository from its own documents. Read a document " +
		"or search first. Use only what the tools give you, and name the source of each statement " +
		"in square brackets, such as [README.md:12]."
)

// message is one in the shape of OpenAI's API.
type message map[string]any

// librarian answers one question. show gets the answer piece by piece as it comes.
type librarian struct {
	endpoint *endpoint
	index    *index
	root     string
	show     func(piece string)

	turn    int
	mu      sync.Mutex
	sources []string
}

// known are the sources of what the tools gave so far, in order.
func (l *librarian) known() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	sources := slices.Sorted(slices.Values(l.sources))
	return slices.Compact(sources)
}

func (l *librarian) know(source string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sources = append(l.sources, source)
}

// answer takes turns of deciding and using tools until something was found, then writes the answer.
func (l *librarian) answer(ctx context.Context, question string) (answer string, err error) {
	span, ctx := llmobs.StartAgentSpan(ctx, "librarian")
	defer func() { span.Finish(llmobs.WithError(err)) }()
	made(span, "ask", "librarian")
	span.Annotate(llmobs.WithAnnotatedInput(map[string]any{"question": question}))
	messages := []message{
		{"role": "system", "content": instructions},
		{"role": "user", "content": question},
	}
	for len(l.known()) == 0 && l.turn < maxTurns {
		l.turn++
		reply, calls, err := l.decide(ctx, messages)
		if err != nil {
			return "", err
		}
		messages = append(messages, reply)
		if len(calls) == 0 {
			break
		}
		messages = append(messages, l.useTools(ctx, calls)...)
	}
	if answer, err = l.write(ctx, messages); err != nil {
		return "", err
	}
	span.AnnotateTextIO("", answer)
	return answer, nil
}

// completion is an answer of the chat completions API, or a part of a streamed one.
type completion struct {
	Choices []struct {
		Message      message
		Delta        struct{ Content string }
		FinishReason string `json:"finish_reason"`
	}
	Usage *usage
}

type usage struct {
	PromptTokens     float64 `json:"prompt_tokens"`
	CompletionTokens float64 `json:"completion_tokens"`
	TotalTokens      float64 `json:"total_tokens"`
}

// tokens gives a usage under the names that LLM Observability gives meaning to.
func (u *usage) tokens() map[string]float64 {
	if u == nil {
		return nil
	}
	return map[string]float64{
		llmobs.MetricKeyInputTokens:  u.PromptTokens,
		llmobs.MetricKeyOutputTokens: u.CompletionTokens,
		llmobs.MetricKeyTotalTokens:  u.TotalTokens,
	}
}

// decide asks the model what to do next. Its reply is a message in OpenAI's own shape.
func (l *librarian) decide(ctx context.Context, messages []message) (reply message, calls []toolCall, err error) {
	model := l.endpoint.chatModel
	span, ctx := llmobs.StartLLMSpan(ctx, "decide",
		llmobs.StartSpanOption{ModelName: model, ModelProvider: l.endpoint.provider})
	defer func() { span.Finish(llmobs.WithError(err)) }()
	made(span, "librarian", fmt.Sprint("decide ", l.turn))
	// The input goes in before the call, so that a call that fails still shows it.
	span.Annotate(llmobs.AnnotateOption{
		Input:    messages,
		Metadata: map[string]any{"temperature": 0, "tools": []string{"read_document", "search"}},
		Tags:     map[string]string{"turn": fmt.Sprint(l.turn)},
	})
	var answer completion
	err = l.endpoint.ask(ctx, "chat/completions", map[string]any{
		"model": model, "messages": messages, "tools": tools, "temperature": 0,
	}, &answer)
	if err != nil {
		return nil, nil, err
	}
	if len(answer.Choices) == 0 {
		return nil, nil, fmt.Errorf("an answer without a message")
	}
	reply = answer.Choices[0].Message
	for member, value := range reply {
		if value == nil {
			delete(reply, member)
		}
	}
	span.Annotate(llmobs.AnnotateOption{
		Output:   []message{reply},
		Metadata: map[string]any{"finish_reason": answer.Choices[0].FinishReason},
		Metrics:  answer.Usage.tokens(),
	})
	calls, err = callsOf(reply)
	return reply, calls, err
}

// write has the model write the answer, streamed.
func (l *librarian) write(ctx context.Context, messages []message) (string, error) {
	model := l.endpoint.chatModel
	span, ctx := llmobs.StartLLMSpan(ctx, "write",
		llmobs.StartSpanOption{ModelName: model, ModelProvider: l.endpoint.provider})
	made(span, "librarian", "write")
	span.Annotate(llmobs.AnnotateOption{
		Input: messages, Metadata: map[string]any{"temperature": 0, "stream": true},
	})
	var text strings.Builder
	chunks := l.stream(ctx, map[string]any{
		"model": model, "messages": messages, "tools": tools, "tool_choice": "none", "temperature": 0,
		"stream": true, "stream_options": map[string]any{"include_usage": true},
	}, func(usage *usage) { span.Annotate(llmobs.WithAnnotatedMetrics(usage.tokens())) })
	// It ends the span with the stream, and measures the time to the first token.
	for piece, err := range llmobs.Stream2(span, chunks, func(piece string) any {
		text.WriteString(piece)
		return []llmobs.LLMMessage{{Role: "assistant", Content: text.String()}}
	}) {
		if err != nil {
			return "", err
		}
		l.show(piece)
	}
	return text.String(), nil
}

// stream gives the pieces of a streamed answer; used gets what they cost.
func (l *librarian) stream(ctx context.Context, asked map[string]any, used func(*usage)) iter.Seq2[string, error] {
	return func(yield func(string, error) bool) {
		body, err := l.endpoint.post(ctx, "chat/completions", asked)
		if err != nil {
			yield("", err)
			return
		}
		defer body.Close()
		lines := bufio.NewScanner(body)
		for lines.Scan() {
			data, is := strings.CutPrefix(lines.Text(), "data: ")
			if !is || data == "[DONE]" {
				continue
			}
			var chunk completion
			if err := json.Unmarshal([]byte(data), &chunk); err != nil {
				yield("", err)
				return
			}
			if chunk.Usage != nil {
				used(chunk.Usage)
			}
			if len(chunk.Choices) == 0 || chunk.Choices[0].Delta.Content == "" {
				continue
			}
			if !yield(chunk.Choices[0].Delta.Content, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield("", err)
		}
	}
}
