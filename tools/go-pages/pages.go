// Package pages names what the programs of docs/go import besides the standard library and ours.
package pages

import (
	_ "github.com/sashabaranov/go-openai"
	_ "golang.org/x/sync/errgroup"

	_ "github.com/witspan/witspan-go/llmobs"
	_ "github.com/witspan/witspan-go/tracer"
)
