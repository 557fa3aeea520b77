// Time and entropy: the machine's, or fixed ones for tests that compare bytes.

package engine

import (
	"math/rand/v2"
	"sync/atomic"
	"time"
)

// Clock is a tracer's source of time and entropy, which its instances import.
type Clock interface {
	// Monotonic gives nanoseconds since any moment; it never goes back.
	Monotonic() uint64
	// Wall gives nanoseconds since the Unix epoch.
	Wall() uint64
	// Random gives a number that nobody can guess.
	Random() uint64
}

// System is the machine's clocks and entropy.
type System struct{}

var origin = time.Now()

// Monotonic gives nanoseconds since the program began.
func (System) Monotonic() uint64 { return uint64(time.Since(origin)) }

// Wall gives nanoseconds since the Unix epoch.
func (System) Wall() uint64 { return uint64(max(time.Now().UnixNano(), 0)) }

// Random gives a number of Go's ChaCha8 generator, which the system seeds.
func (System) Random() uint64 { return rand.Uint64() }

// Fixed is a clock that stands until it is told, and the entropy of the conformance suite: the nth
// reading is n times 0x9E3779B97F4A7C15.
type Fixed struct {
	Start         uint64
	passed, drawn atomic.Uint64
}

// Monotonic gives the nanoseconds that have passed.
func (f *Fixed) Monotonic() uint64 { return f.passed.Load() }

// Wall gives the start and what has passed since.
func (f *Fixed) Wall() uint64 { return f.Start + f.passed.Load() }

// Random gives the next reading.
func (f *Fixed) Random() uint64 { return f.drawn.Add(1) * 0x9E3779B97F4A7C15 }

// Advance lets so many nanoseconds pass.
func (f *Fixed) Advance(ns uint64) { f.passed.Add(ns) }

// pause gives how long to sleep to wait so many nanoseconds; a fixed clock passes them at once.
func pause(clock Clock, ns uint64) time.Duration {
	if fixed, is := clock.(*Fixed); is {
		fixed.Advance(ns)
		return 0
	}
	return duration(ns)
}

func duration(ns uint64) time.Duration {
	return time.Duration(min(ns, uint64(1<<63-1)))
}
