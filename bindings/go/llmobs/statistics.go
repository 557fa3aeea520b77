// The counters that a user reads.

package llmobs

import "github.com/witspan/witspan-go/internal/engine"

// Result is what a flush or a shutdown did.
type Result struct {
	// Settled says whether everything that had finished was delivered, or dropped and counted, in time.
	Settled bool
	// Delivered and Dropped are the spans of this call.
	Delivered, Dropped uint64
	// Statistics are the counters after it.
	Statistics Statistics
}

// Counts counts spans, or evaluations and feedback. At any moment
// Accepted = Open + Queued + InFlight + Delivered + the sum of Dropped.
type Counts struct {
	// Accepted are those that were to start, or were submitted and not rejected.
	Accepted uint64
	// Open are the spans that have not finished.
	Open uint64
	// Queued wait to be sent.
	Queued uint64
	// InFlight are in requests whose outcome is not known yet.
	InFlight uint64
	// Delivered were accepted by the receiver.
	Delivered uint64
	// Dropped will not arrive, by reason: queue_full, open_full, unfinished, rejected, retries_exhausted,
	// no_api_key, shutdown, too_large, trap, not_sampled, processor, no_receiver. Reasons that did not occur are
	// left out.
	Dropped map[string]uint64
}

// Statistics are the counters since a tracer started.
type Statistics struct {
	Spans       Counts
	Evaluations Counts
	// AnnotationsRejected are annotations that were wrong, too late, or beyond the memory for open spans.
	AnnotationsRejected uint64
	// EvaluationsRejected are evaluations and feedback that were wrong.
	EvaluationsRejected uint64
	// Warnings are parts of annotations and evaluations that were left out or changed.
	Warnings uint64
	// Cut are spans whose texts were cut because the span was too long.
	Cut uint64
	// ContentDropped are spans that were sent without their content because the processor failed.
	ContentDropped uint64
	// Bytes are held for open spans and for the queue.
	Bytes uint64
}

func statisticsOf(of *engine.Statistics) Statistics {
	return Statistics{
		Spans: countsOf(&of.Spans), Evaluations: countsOf(&of.Evaluations),
		AnnotationsRejected: of.AnnotationsRejected, EvaluationsRejected: of.EvaluationsRejected,
		Warnings: of.Warnings, Cut: of.Cut, ContentDropped: of.ContentDropped, Bytes: of.Bytes,
	}
}

func countsOf(of *engine.Tally) Counts {
	return Counts{
		Accepted: of.Accepted, Open: of.Open, Queued: of.Queued, InFlight: of.InFlight,
		Delivered: of.Delivered, Dropped: of.Dropped.ByReason(),
	}
}
