// Search by meaning: embeds passages once, then finds those nearest to a query.

package main

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/witspan/witspan-go/llmobs"
)

const (
	passagesPerRequest = 256
	nearestCount       = 3
)

// index has passages and their vectors, in memory.
type index struct {
	endpoint *endpoint
	passages []passage
	vectors  [][]float64
}

// newIndex embeds every passage.
func newIndex(ctx context.Context, endpoint *endpoint, passages []passage) (_ *index, err error) {
	made := &index{endpoint: endpoint, passages: passages}
	documents := make([]llmobs.EmbeddedDocument, len(passages))
	for at, each := range passages {
		documents[at] = llmobs.EmbeddedDocument{Name: each.source, Text: each.text}
	}
	made.vectors, err = made.embed(ctx, "embed_passages", documents, "ask")
	return made, err
}

// found is a passage that was found, as a model reads it: the same text from every language.
type found struct {
	Score  float64 `json:"score"`
	Source string  `json:"source"`
	Text   string  `json:"text"`
}

// search gives the passages nearest to a query, best first.
func (i *index) search(ctx context.Context, query, under string) ([]found, error) {
	vectors, err := i.embed(ctx, "embed_query", []llmobs.EmbeddedDocument{{Text: query}}, under)
	if err != nil {
		return nil, err
	}
	return i.nearest(ctx, query, vectors[0], under), nil
}

// embed is one embedding span around one or more calls of the embedding model.
func (i *index) embed(
	ctx context.Context, name string, documents []llmobs.EmbeddedDocument, under string,
) (vectors [][]float64, err error) {
	model := i.endpoint.embeddingModel
	span, ctx := llmobs.StartEmbeddingSpan(ctx, name,
		llmobs.StartSpanOption{ModelName: model, ModelProvider: i.endpoint.provider})
	defer func() { span.Finish(llmobs.WithError(err)) }()
	made(span, under, name+" of "+under)
	span.AnnotateEmbeddingIO(documents, "")
	var tokens float64
	for some := range slices.Chunk(documents, passagesPerRequest) {
		var texts []string
		for _, each := range some {
			texts = append(texts, each.Text)
		}
		var answer struct {
			Data  []struct{ Embedding []float64 }
			Usage usage
		}
		if err := i.endpoint.ask(ctx, "embeddings", map[string]any{"model": model, "input": texts}, &answer); err != nil {
			return nil, err
		}
		if len(answer.Data) != len(some) {
			return nil, fmt.Errorf("%d vectors for %d texts", len(answer.Data), len(some))
		}
		for _, each := range answer.Data {
			vectors = append(vectors, normal(each.Embedding))
		}
		tokens += answer.Usage.PromptTokens
	}
	size := 0
	if len(vectors) > 0 {
		size = len(vectors[0])
	}
	span.AnnotateEmbeddingIO(nil, fmt.Sprintf("%d vectors of %d numbers", len(vectors), size),
		llmobs.WithAnnotatedMetrics(map[string]float64{
			llmobs.MetricKeyInputTokens: tokens, llmobs.MetricKeyTotalTokens: tokens,
		}))
	return vectors, nil
}

// nearest gives the passages nearest to a vector, with their cosine similarity.
func (i *index) nearest(ctx context.Context, query string, vector []float64, under string) (best []found) {
	span, _ := llmobs.StartRetrievalSpan(ctx, "nearest")
	defer span.Finish()
	made(span, under, "nearest of "+under)
	for at, other := range i.vectors {
		var product float64
		for n := range vector {
			product += vector[n] * other[n]
		}
		// Rounded before they are compared: equal scores keep the order of the documents.
		score := math.Round(product*1e4) / 1e4
		best = append(best, found{score, i.passages[at].source, i.passages[at].text})
	}
	slices.SortStableFunc(best, func(a, b found) int { return cmp.Compare(b.Score, a.Score) })
	best = best[:min(nearestCount, len(best))]
	var documents []llmobs.RetrievedDocument
	for _, each := range best {
		documents = append(documents, llmobs.RetrievedDocument{Name: each.Source, Text: each.Text, Score: each.Score})
	}
	// The query is the input a reader wants to see; the vector says nothing.
	span.AnnotateRetrievalIO(query, documents,
		llmobs.WithAnnotatedMetadata(map[string]any{"searched": len(i.vectors), "count": nearestCount}))
	return best
}

// normal gives a vector length 1, so that a dot product is the cosine.
func normal(vector []float64) []float64 {
	var sum float64
	for _, each := range vector {
		sum += each * each
	}
	if length := math.Sqrt(sum); length > 0 {
		for at := range vector {
			vector[at] /= length
		}
	}
	return vector
}
