package harness

// What is measured. Spans come in bursts, and each burst is delivered before the next one begins: delivery is in the
// CPU time and not in the time of the calls.

import (
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"sync"
	"syscall"
	"time"
)

const (
	// burst is how many spans one goroutine makes in a row.
	burst = 500
	// together is how many several goroutines make: fewer than OpenTelemetry's queue has room for.
	together = 2000
)

// Calls is what a turn of a case found.
type Calls struct {
	Spans int `json:"spans"`
	// US has the microseconds a span of each burst, over all goroutines.
	US []float64 `json:"us"`
	// CPU has the microseconds of CPU time a span, of the whole process, with delivery.
	CPU float64 `json:"cpu_us"`
}

func calls(tracer *Tracer, name string, goroutines int, seconds float64) (any, error) {
	makeSpans, err := tracer.of(name)
	if err != nil {
		return nil, err
	}
	found := Calls{}
	before := cpu()
	for until := after(seconds); time.Now().Before(until); {
		took, count := run(makeSpans, spans(name), goroutines)
		found.US = append(found.US, micros(took)/float64(count))
		found.Spans += count
		if err := tracer.Deliver(); err != nil {
			return nil, err
		}
	}
	tracer.Settle()
	found.CPU = micros(cpu()-before) / float64(found.Spans)
	return found, nil
}

// profile is calls with a CPU profile of them in a file, for `go tool pprof`.
func profile(tracer *Tracer, file, name string, goroutines int, seconds float64) (any, error) {
	into, err := os.Create(file)
	if err != nil {
		return nil, err
	}
	defer into.Close()
	if err := pprof.StartCPUProfile(into); err != nil {
		return nil, err
	}
	defer pprof.StopCPUProfile()
	return calls(tracer, name, goroutines, seconds)
}

// Allocations is what a span allocates: in the calls, and in all, with delivery.
type Allocations struct {
	Spans      int     `json:"spans"`
	Calls      float64 `json:"calls"`
	CallBytes  float64 `json:"call_bytes"`
	Whole      float64 `json:"whole"`
	WholeBytes float64 `json:"whole_bytes"`
}

func allocations(tracer *Tracer, name string, bursts int) (any, error) {
	makeSpans, err := tracer.of(name)
	if err != nil {
		return nil, err
	}
	found := Allocations{}
	var first, before, after runtime.MemStats
	runtime.ReadMemStats(&first)
	for range bursts {
		runtime.ReadMemStats(&before)
		_, count := run(makeSpans, spans(name), 1)
		runtime.ReadMemStats(&after)
		found.Calls += float64(after.Mallocs - before.Mallocs)
		found.CallBytes += float64(after.TotalAlloc - before.TotalAlloc)
		found.Spans += count
		if err := tracer.Deliver(); err != nil {
			return nil, err
		}
	}
	tracer.Settle()
	runtime.ReadMemStats(&after)
	each := 1 / float64(found.Spans)
	found.Calls *= each
	found.CallBytes *= each
	found.Whole = float64(after.Mallocs-first.Mallocs) * each
	found.WholeBytes = float64(after.TotalAlloc-first.TotalAlloc) * each
	return found, nil
}

// Cores has the microseconds a span of each burst with one and with two processors, in turns.
type Cores struct {
	Spans int       `json:"spans"`
	One   []float64 `json:"one"`
	Two   []float64 `json:"two"`
}

func cores(tracer *Tracer, name string, goroutines int, seconds float64) (any, error) {
	makeSpans, err := tracer.of(name)
	if err != nil {
		return nil, err
	}
	usual := runtime.GOMAXPROCS(0)
	defer runtime.GOMAXPROCS(usual)
	found := Cores{}
	for until := after(seconds); time.Now().Before(until); {
		for processors, into := range map[int]*[]float64{1: &found.One, 2: &found.Two} {
			runtime.GOMAXPROCS(processors)
			took, count := run(makeSpans, spans(name), goroutines)
			*into = append(*into, micros(took)/float64(count))
			found.Spans += count
			runtime.GOMAXPROCS(usual)
			if err := tracer.Deliver(); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// run makes one burst; how long it took, and how many spans it had.
func run(makeSpans func(), of, goroutines int) (time.Duration, int) {
	if goroutines == 1 {
		count := burst / of
		began := time.Now()
		for range count {
			makeSpans()
		}
		return time.Since(began), count * of
	}
	count := together / of / goroutines
	begin := make(chan struct{})
	var ready, ended sync.WaitGroup
	for range goroutines {
		ready.Add(1)
		ended.Add(1)
		go func() {
			ready.Done()
			<-begin
			for range count {
				makeSpans()
			}
			ended.Done()
		}()
	}
	ready.Wait()
	began := time.Now()
	close(begin)
	ended.Wait()
	return time.Since(began), count * of * goroutines
}

func (t *Tracer) of(name string) (func(), error) {
	if makeSpans := t.Cases[name]; makeSpans != nil {
		return makeSpans, nil
	}
	return nil, fmt.Errorf("there is no case %q", name)
}

// cpu is the CPU time of the process, in all its threads.
func cpu() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func after(seconds float64) time.Time {
	return time.Now().Add(time.Duration(seconds * float64(time.Second)))
}

func micros(took time.Duration) float64 { return float64(took) / float64(time.Microsecond) }
