// How the package is used.

package export_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/witspan/witspan-go/llmobs/export"
)

// agent stands for an agent on this machine.
func agent() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(to http.ResponseWriter, request *http.Request) {
		_, _ = io.Copy(io.Discard, request.Body)
		to.WriteHeader(http.StatusAccepted)
	}))
}

func Example() {
	agent := agent()
	defer agent.Close()
	client, err := export.NewClient("my-app", export.WithAgentURL(agent.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	event := export.NewSpanEvent("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", export.KindLLM,
		export.WithTiming(time.Date(2026, 12, 1, 9, 0, 0, 0, time.UTC), 800*time.Millisecond),
		export.WithModel("gpt-4o", "openai"),
		export.WithTextIO("Why is the sky blue?", "Because of Rayleigh scattering."),
	)
	event.Metrics = map[string]float64{"input_tokens": 8, "output_tokens": 6}

	result, err := client.SubmitSpans(context.Background(), []export.SpanEvent{event, {}})
	fmt.Println(result.Sent, result.Dropped, err)
	for _, invalid := range result.ValidationErrors {
		fmt.Println(invalid.Index, invalid.Code)
	}
	// Output:
	// 1 1 <nil>
	// 1 missing_id
}

func ExampleClient_SubmitEvaluations() {
	agent := agent()
	defer agent.Close()
	client, err := export.NewClient("my-app", export.WithAgentURL(agent.URL))
	if err != nil {
		fmt.Println(err)
		return
	}
	score := 0.9
	result, err := client.SubmitEvaluations(context.Background(), []export.EvaluationMetric{{
		SpanID: "00f067aa0ba902b7", TraceID: "4bf92f3577b34da6a3ce929d0e0e4736",
		Label: "helpfulness", ScoreValue: &score, Reasoning: "it answers the question",
	}})
	fmt.Println(result.Sent, err)
	// Output: 1 <nil>
}
