// witspan with one span: nanoseconds from the first line of main to a started tracer, and to the end of the span.
package main

import (
	"context"
	"time"

	"github.com/witspan/witspan-go/llmobs"
	"github.com/witspan/witspan-go/tracer"
)

func main() {
	began := time.Now()
	if err := tracer.Start(); err != nil {
		panic(err)
	}
	started := time.Since(began)
	span, _ := llmobs.StartLLMSpan(context.Background(), "chat", llmobs.WithModelName("gpt-4o"))
	span.AnnotateLLMIO([]llmobs.LLMMessage{{Role: "user", Content: "hello"}}, []llmobs.LLMMessage{{Content: "hi"}})
	span.Finish()
	println(started.Nanoseconds(), time.Since(began).Nanoseconds())
	tracer.Stop()
}
