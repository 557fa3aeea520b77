// A program outside of the module that traces one span.
package main

import (
	"context"
	"log"
	"time"

	"github.com/witspan/witspan-go/llmobs"
	"github.com/witspan/witspan-go/tracer"
)

func main() {
	// A busy machine may take longer than programs wait at their end.
	err := tracer.Start(
		tracer.WithMLApp("outside"), tracer.WithExitTimeout(time.Minute), tracer.WithRequestTimeout(time.Minute))
	if err != nil {
		log.Fatal(err)
	}
	span, _ := llmobs.StartTaskSpan(context.Background(), "from outside")
	span.AnnotateTextIO("a question", "an answer")
	span.Finish()
	tracer.Stop()
}
