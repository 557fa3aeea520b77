// Spans that nobody holds any more, and that were never finished: the core keeps them, so they are
// abandoned once the garbage collector has found them.

package llmobs

import (
	"runtime"
	"sync"

	"github.com/witspan/witspan-go/internal/engine"
)

// cohortSize is how many spans share a cohort. A cleanup for each span would cost as much as the span.
const cohortSize = 64

// cohort is what up to cohortSize spans of a tracer point to, and nothing else does: when the last of them
// is garbage it is too, and what they have left open is abandoned. It points to none of them.
type cohort struct{ open *openSpans }

// openSpans are the spans of a cohort that have not finished.
type openSpans struct {
	tracer *engine.Tracer
	mu     sync.Mutex
	taken  int
	refs   [cohortSize]engine.Ref
}

// cohorts gives each processor of the machine a cohort that is not full.
type cohorts struct{ pool sync.Pool }

// join gives a span's cohort and its place in it.
func (c *cohorts) join(tracer *engine.Tracer, span engine.Ref) (*cohort, int32) {
	for {
		one, is := c.pool.Get().(*cohort)
		if !is || one.open.tracer != tracer {
			one = &cohort{&openSpans{tracer: tracer}}
			runtime.AddCleanup(one, abandonAll, one.open)
		}
		open := one.open
		open.mu.Lock()
		at := open.taken
		if at < cohortSize {
			open.refs[at] = span
			open.taken++
		}
		full := open.taken >= cohortSize
		open.mu.Unlock()
		if !full {
			c.pool.Put(one)
		}
		if at < cohortSize {
			return one, int32(at)
		}
	}
}

// leave forgets a span that has finished.
func (c *cohort) leave(at int32) {
	open := c.open
	open.mu.Lock()
	open.refs[at] = engine.Ref{}
	open.mu.Unlock()
}

// abandonAll runs in the garbage collector's goroutine, which a busy instance must not hold up.
func abandonAll(open *openSpans) {
	go func() {
		open.mu.Lock()
		defer open.mu.Unlock()
		for _, ref := range open.refs {
			if !ref.IsNone() {
				open.tracer.Abandon(ref)
			}
		}
	}()
}
