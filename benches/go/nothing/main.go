// No tracer: what the machine does to every program, and how much faster it is on two processors.
package main

import "github.com/witspan/witspan/benches/go/harness"

func main() {
	harness.Run(func() (*harness.Tracer, error) {
		nothing := func() {}
		return &harness.Tracer{
			Cases:   map[string]func(){"llm": spin, "bare": nothing, "workflow": nothing, "llm-kept": nothing},
			Deliver: func() error { return nil },
			Settle:  nothing,
			Stop:    nothing,
		}, nil
	})
}

// spin takes a few microseconds of a processor, as an annotated span does, and shares nothing.
func spin() {
	value := uint64(1)
	for range 5000 {
		value ^= value << 13
		value ^= value >> 7
		value ^= value << 17
	}
	if value == 0 {
		panic("xorshift never gives 0")
	}
}
