// The contender dd-trace-go: the lines of witspan with package llmobs of its own, beside an agent, as it is used in
// production. Its APM spans are what it makes by itself.
package main

import (
	"time"

	"github.com/DataDog/dd-trace-go/v2/ddtrace/tracer"

	"github.com/witspan/witspan/benches/go/harness"
)

// underWay is how long its requests take: Flush does not say when they are over.
const underWay = 30 * time.Millisecond

func main() {
	harness.Run(func() (*harness.Tracer, error) {
		if err := tracer.Start(); err != nil {
			return nil, err
		}
		return &harness.Tracer{
			Cases: cases(),
			Deliver: func() error {
				tracer.Flush()
				time.Sleep(underWay)
				return nil
			},
			Settle: func() { time.Sleep(10 * underWay) },
			Stop:   tracer.Stop,
		}, nil
	})
}
