// How the package is used.

package llmobstest_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/witspan/witspan-go/llmobs"
	"github.com/witspan/witspan-go/llmobs/llmobstest"
)

// A test of an application that uses the global tracer.
func ExampleStart() {
	_ = func(t *testing.T) {
		spans := llmobstest.Start(t)
		if err := offer(t.Context(), "umbrella"); err != nil {
			t.Fatal(err)
		}
		if call := spans.Span("understand"); call.Metrics["input_tokens"] != 8 {
			t.Errorf("%+v", call)
		}
		const want = `workflow   offer
llm        ├─ understand (gpt-4o)
tool       └─ price`
		if got := spans.Tree(); got != want {
			t.Errorf("got\n%s", got)
		}
	}
}

// A recorder of its own, for tests that run in parallel: there it is bound to the test by Bind.
func ExampleNew() {
	spans, err := llmobstest.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	span, _ := llmobs.StartToolSpan(spans.Context(context.Background()), "price")
	span.AnnotateTextIO("umbrella", "12.5")
	span.Finish()

	fmt.Println(spans.Tree())
	fmt.Println(spans.Span("price").Output.Value)
	// Output:
	// tool       price
	// 12.5
}
