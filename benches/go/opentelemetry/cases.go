package main

// What the spans are told: the same facts as attributes by the conventions for generative AI, messages as JSON text,
// which the caller makes, as instrumentations do.

import (
	"context"
	"encoding/json"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/witspan/witspan/benches/go/facts"
)

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

func cases(tracer trace.Tracer) map[string]func() {
	ctx := context.Background()
	keptInput, keptOutput := input(), output()
	call := func(ctx context.Context, name string) trace.Span {
		_, span := tracer.Start(ctx, name, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
			attribute.String("gen_ai.operation.name", "chat"),
			attribute.String("gen_ai.provider.name", facts.Provider),
			attribute.String("gen_ai.request.model", facts.Model),
		))
		return span
	}
	annotated := func(input, output []message) {
		span := call(ctx, "chat")
		span.SetAttributes(
			attribute.String("gen_ai.input.messages", text(input)),
			attribute.String("gen_ai.output.messages", text(output)),
			attribute.Int("gen_ai.usage.input_tokens", facts.InputTokens),
			attribute.Int("gen_ai.usage.output_tokens", facts.OutputTokens),
			attribute.Float64("gen_ai.response.time_to_first_token", facts.TimeToFirstToken),
			attribute.String("team", facts.Team),
			attribute.String("feature", facts.Feature),
		)
		span.End()
	}
	short := func(ctx context.Context, name string) {
		span := call(ctx, name)
		span.SetAttributes(
			attribute.String("gen_ai.input.messages", text([]message{{"user", facts.WorkflowQuestion}})),
			attribute.String("gen_ai.output.messages", text([]message{{"assistant", facts.WorkflowAnswer}})),
			attribute.Int("gen_ai.usage.input_tokens", facts.WorkflowInputTokens),
			attribute.Int("gen_ai.usage.output_tokens", facts.WorkflowOutputTokens),
		)
		span.End()
	}
	asked := attribute.String("input.value", facts.WorkflowQuestion)
	answered := attribute.String("output.value", facts.WorkflowAnswer)
	return map[string]func(){
		"bare": func() {
			_, span := tracer.Start(ctx, "bare")
			span.End()
		},
		"llm":      func() { annotated(input(), output()) },
		"llm-kept": func() { annotated(keptInput, keptOutput) },
		"workflow": func() {
			ctx, workflow := tracer.Start(ctx, "ask")
			for _, name := range facts.Steps {
				ctx, step := tracer.Start(ctx, name)
				for _, name := range facts.Calls {
					short(ctx, name)
				}
				step.SetAttributes(asked, answered)
				step.End()
			}
			workflow.SetAttributes(asked, answered, attribute.String("team", facts.Team))
			workflow.End()
		},
	}
}

func input() []message {
	return []message{{"system", facts.Rules}, {"user", facts.Question}}
}

func output() []message { return []message{{"assistant", facts.Answer}} }

func text(messages []message) string {
	made, err := json.Marshal(messages)
	if err != nil {
		panic(err)
	}
	return string(made)
}
