// Benchmarks of what an application's goroutine pays; `just bench go` compares with others.

package llmobs_test

import (
	"context"
	"strings"
	"testing"

	"github.com/witspan/witspan-go/llmobs"
	"github.com/witspan/witspan-go/tracer"
)

func quick(b *testing.B) *llmobs.Tracer {
	b.Helper()
	t, err := llmobs.NewTracer(tracer.WithMLApp("bench"), tracer.WithExporter(func(*tracer.Exported) error { return nil }))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _, _ = t.Shutdown(context.Background()) })
	b.ReportAllocs()
	return t
}

func BenchmarkBare(b *testing.B) {
	ctx := quick(b).NewContext(context.Background())
	for b.Loop() {
		span, _ := llmobs.StartLLMSpan(ctx, "ask")
		span.Finish()
	}
}

func BenchmarkAnnotated(b *testing.B) {
	ctx := quick(b).NewContext(context.Background())
	input := []llmobs.LLMMessage{{Role: "user", Content: strings.Repeat("Why is the sky blue? ", 24)}}
	output := []llmobs.LLMMessage{{Role: "assistant", Content: strings.Repeat("Rayleigh scattering. ", 24)}}
	metrics := map[string]float64{"input_tokens": 9, "output_tokens": 4, "total_tokens": 13}
	tags := map[string]string{"team": "search", "tier": "paid"}
	for b.Loop() {
		span, _ := llmobs.StartLLMSpan(ctx, "ask", llmobs.WithModelName("gpt-4o"), llmobs.WithModelProvider("openai"))
		span.AnnotateLLMIO(input, output, llmobs.WithAnnotatedMetrics(metrics), llmobs.WithAnnotatedTags(tags))
		span.Finish()
	}
}
