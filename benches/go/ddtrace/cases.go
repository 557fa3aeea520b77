package main

// What the spans are told, by package llmobs: the same lines for both that have it, but for the import.

import (
	"context"

	"github.com/DataDog/dd-trace-go/v2/llmobs"

	"github.com/witspan/witspan/benches/go/facts"
)

func cases() map[string]func() {
	ctx := context.Background()
	// The last messages, metrics and tags are made once, to tell what the tracer allocates from what they do.
	keptInput, keptOutput, keptMetrics, keptTags := input(), output(), metrics(), tags()
	return map[string]func(){
		"bare": func() {
			span, _ := llmobs.StartTaskSpan(ctx, "bare")
			span.Finish()
		},
		"llm": func() {
			span, _ := llmobs.StartLLMSpan(ctx, "chat", llmobs.WithModelName(facts.Model), llmobs.WithModelProvider(facts.Provider))
			span.AnnotateLLMIO(input(), output(), llmobs.WithAnnotatedMetrics(metrics()), llmobs.WithAnnotatedTags(tags()))
			span.Finish()
		},
		"llm-kept": func() {
			span, _ := llmobs.StartLLMSpan(ctx, "chat", llmobs.WithModelName(facts.Model), llmobs.WithModelProvider(facts.Provider))
			span.AnnotateLLMIO(keptInput, keptOutput, llmobs.WithAnnotatedMetrics(keptMetrics), llmobs.WithAnnotatedTags(keptTags))
			span.Finish()
		},
		"workflow": func() {
			workflow, ctx := llmobs.StartWorkflowSpan(ctx, "ask")
			for _, name := range facts.Steps {
				step, ctx := llmobs.StartTaskSpan(ctx, name)
				for _, name := range facts.Calls {
					short(ctx, name)
				}
				step.AnnotateTextIO(facts.WorkflowQuestion, facts.WorkflowAnswer)
				step.Finish()
			}
			workflow.AnnotateTextIO(facts.WorkflowQuestion, facts.WorkflowAnswer,
				llmobs.WithAnnotatedTags(map[string]string{"team": facts.Team}))
			workflow.Finish()
		},
	}
}

func short(ctx context.Context, name string) {
	span, _ := llmobs.StartLLMSpan(ctx, name, llmobs.WithModelName(facts.Model), llmobs.WithModelProvider(facts.Provider))
	span.AnnotateLLMIO(
		[]llmobs.LLMMessage{{Role: "user", Content: facts.WorkflowQuestion}},
		[]llmobs.LLMMessage{{Role: "assistant", Content: facts.WorkflowAnswer}},
		llmobs.WithAnnotatedMetrics(map[string]float64{
			llmobs.MetricKeyInputTokens:  facts.WorkflowInputTokens,
			llmobs.MetricKeyOutputTokens: facts.WorkflowOutputTokens,
		}),
	)
	span.Finish()
}

func input() []llmobs.LLMMessage {
	return []llmobs.LLMMessage{{Role: "system", Content: facts.Rules}, {Role: "user", Content: facts.Question}}
}

func output() []llmobs.LLMMessage {
	return []llmobs.LLMMessage{{Role: "assistant", Content: facts.Answer}}
}

func metrics() map[string]float64 {
	return map[string]float64{
		llmobs.MetricKeyInputTokens:  facts.InputTokens,
		llmobs.MetricKeyOutputTokens: facts.OutputTokens,
		"time_to_first_token":        facts.TimeToFirstToken,
	}
}

func tags() map[string]string {
	return map[string]string{"team": facts.Team, "feature": facts.Feature}
}
