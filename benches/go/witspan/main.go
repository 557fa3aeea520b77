// The contender witspan, beside an agent.
package main

import (
	"context"
	"time"

	"github.com/witspan/witspan-go/llmobs"
	"github.com/witspan/witspan-go/tracer"

	"github.com/witspan/witspan/benches/go/harness"
)

func main() {
	harness.Run(func() (*harness.Tracer, error) {
		if err := tracer.Start(); err != nil {
			return nil, err
		}
		return &harness.Tracer{
			Cases: cases(),
			Deliver: func() error {
				ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
				defer cancel()
				_, err := llmobs.Flush(ctx)
				return err
			},
			Settle: func() {},
			Stop:   tracer.Stop,
		}, nil
	})
}
