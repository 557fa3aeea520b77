package harness

// Resident memory, and what a receiver that hangs does to the calls.

import (
	"fmt"
	"os"
	"strings"
	"time"
)

// Memory is resident memory in bytes: after the start, after the spans, and the most there ever was.
type Memory struct {
	Spans   int   `json:"spans"`
	Started int64 `json:"started"`
	RSS     int64 `json:"rss"`
	Peak    int64 `json:"peak"`
}

func memory(tracer *Tracer, count int) (any, error) {
	found := Memory{Started: status("VmRSS")}
	for found.Spans < count {
		_, made := run(tracer.Cases["llm"], 1, 1)
		found.Spans += made
		if err := tracer.Deliver(); err != nil {
			return nil, err
		}
	}
	tracer.Settle()
	found.RSS, found.Peak = status("VmRSS"), status("VmHWM")
	return found, nil
}

// Stall is what calls took, and memory, while the receiver hung.
type Stall struct {
	// US has the microseconds of each of the spans that came one a millisecond.
	US []float64 `json:"us"`
	// Before and RSS are resident memory before and after many more spans at once.
	Before int64 `json:"before"`
	RSS    int64 `json:"rss"`
	Peak   int64 `json:"peak"`
}

// stall is asked for when the receiver already hangs.
func stall(tracer *Tracer, spaced, atOnce int) (any, error) {
	found := Stall{}
	makeSpan := tracer.Cases["llm"]
	next := time.Now()
	for range spaced {
		next = next.Add(time.Millisecond)
		time.Sleep(time.Until(next))
		began := time.Now()
		makeSpan()
		found.US = append(found.US, micros(time.Since(began)))
	}
	found.Before = status("VmRSS")
	for range atOnce {
		makeSpan()
	}
	found.RSS, found.Peak = status("VmRSS"), status("VmHWM")
	return found, nil
}

// status is a number of the kernel's about this process, in bytes; 0 where there is none.
func status(name string) int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(text)) {
		if rest, found := strings.CutPrefix(line, name+":"); found {
			var kilobytes int64
			if _, err := fmt.Sscanf(rest, "%d kB", &kilobytes); err == nil {
				return kilobytes * 1024
			}
		}
	}
	return 0
}
