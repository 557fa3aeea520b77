// A span's life in an instance: start, annotate, finish, and what can be asked of it.

package engine

import (
	"unicode/utf8"

	"github.com/witspan/witspan-go/internal/core"
)

// mostText is the most bytes of a text that are passed to the core. It refuses or cuts much shorter texts
// itself, but a text that does not fit into its memory would trap.
const mostText = 16 << 20

// bounded gives a text, or its beginning, which is still too long for the core.
func bounded(text string) string {
	if len(text) <= mostText {
		return text
	}
	end := mostText
	for !utf8.RuneStart(text[end]) && end > mostText-utf8.UTFMax {
		end--
	}
	return text[:end]
}

// Parent is what a new span belongs to.
type Parent struct {
	Tag core.ParentTag
	// Span is the span of current and child-of.
	Span Ref
	// Remote is the text of remote.
	Remote string
}

func (p *pool) now() core.Option[uint64] {
	return core.Option[uint64]{Has: true, Value: p.clock.Monotonic()}
}

// start starts a span; it is none if it is not kept.
func (p *pool) start(kind core.SpanKind, parent Parent, name string, options []core.SpanOption) (Ref, error) {
	if p.running.here() {
		// A span that the processor starts would go to the processor again, without end.
		return Ref{}, nil
	}
	above := core.Parent{Tag: parent.Tag}
	var at uint32
	var s *shard
	switch parent.Tag {
	case core.ParentCurrent, core.ParentChildOf:
		if parent.Span.IsNone() {
			p.dropChildOfNone()
			return Ref{}, nil
		}
		at = parent.Span.shard
		s = p.shards[at]
		s.mu.Lock()
		above.Number = parent.Span.handle
		if parent.Span.epoch != s.epoch {
			// The parent was lost with its instance: the span begins a trace.
			above = core.Parent{Tag: core.ParentRoot}
		}
	default:
		above.Text = bounded(parent.Remote)
		at, s = p.free()
	}
	defer s.mu.Unlock()
	if p.closed.Load() {
		return Ref{}, nil
	}
	instance, err := p.alive(s)
	if err != nil {
		return Ref{}, err
	}
	for index := range options {
		options[index].Text = bounded(options[index].Text)
	}
	s.counts.Spans.Accepted++
	handle, err := instance.StartSpan(kind, above, core.Option[string]{Has: name != "", Value: bounded(name)},
		core.Option[[]core.SpanOption]{Has: len(options) > 0, Value: options}, p.now())
	switch {
	case err != nil && p.died(s, err):
		return Ref{}, nil
	case err != nil:
		s.counts.Spans.Accepted--
		return Ref{}, err
	case handle == 0:
		s.counts.Spans.Dropped[core.DropReasonOpenFull]++
		p.tellDropped(core.DropReasonOpenFull)
		return Ref{}, nil
	}
	return Ref{at, s.epoch, handle}, nil
}

// dropChildOfNone counts a span whose parent is not kept, in the way that the core does.
func (p *pool) dropChildOfNone() {
	p.past.Lock()
	defer p.past.Unlock()
	if !p.closed.Load() {
		p.past.Spans.Accepted++
		p.past.Spans.Dropped[core.DropReasonOpenFull]++
	}
}

func (p *pool) annotate(span Ref, annotation string) ([]core.Warning, error) {
	if span.IsNone() {
		return nil, nil
	}
	s, err := p.of(span)
	if err != nil {
		p.rejected()
		return nil, err
	}
	defer s.mu.Unlock()
	warnings, err := s.instance.Annotate(span.handle, bounded(annotation))
	switch {
	case err == nil:
		p.warned(&s.counts, warnings)
	case p.died(s, err):
		p.rejected()
		return nil, ErrLost
	default:
		s.counts.AnnotationsRejected++
		p.tellRefused(err)
	}
	return warnings, err
}

// rejected counts an annotation whose instance is gone.
func (p *pool) rejected() {
	p.past.Lock()
	p.past.AnnotationsRejected++
	p.past.Unlock()
}

func (p *pool) tellRefused(err error) {
	refused, is := err.(core.Error)
	if !is {
		return
	}
	switch refused.Tag {
	case core.ErrorSpanFinished:
		p.tellMisplaced("the span has finished")
	case core.ErrorUnknownSpan:
		p.tellMisplaced("the span is not known to this tracer")
	case core.ErrorMemoryFull:
		p.notices.tell(topicFull, func() event { return event{"event": "memory-full"} })
	}
}

func (p *pool) tellMisplaced(why string) {
	p.notices.tell(topicMisplaced, func() event { return event{"event": "misplaced", "why": why} })
}

// misplaced counts an annotation that had no open span to go to.
func (p *pool) misplaced(why string) {
	p.rejected()
	p.tellMisplaced(why)
}

// warn counts something that a binding accepted but changed, and logs the first.
func (p *pool) warn(message string) {
	p.past.Lock()
	p.past.Warnings++
	p.past.Unlock()
	p.notices.tell(topicAnnotation, func() event { return event{"event": "changed", "why": message} })
}

// ended is what follows from the end of a span.
type ended struct{ shouldPoll, process bool }

func (p *pool) finish(span Ref, failure core.Option[core.Failure], endNs core.Option[uint64]) (ended, error) {
	if failure.Has {
		of := &failure.Value
		of.Message, of.ErrorType, of.Stack = bounded(of.Message), bounded(of.ErrorType), bounded(of.Stack)
	}
	s, err := p.of(span)
	if err != nil {
		return ended{}, err
	}
	defer s.mu.Unlock()
	finished, err := s.instance.Finish(span.handle, failure, endNs, p.now())
	if err != nil {
		p.died(s, err)
		return ended{}, err
	}
	if finished.Dropped.Has {
		s.counts.Spans.Dropped[finished.Dropped.Value]++
		p.tellDropped(finished.Dropped.Value)
	}
	return ended{finished.ShouldPoll, finished.Process}, nil
}

// abandon drops a span that nobody can finish any more.
func (p *pool) abandon(span Ref) {
	s, err := p.of(span)
	if err != nil {
		return
	}
	defer s.mu.Unlock()
	was, err := s.instance.Abandon(span.handle)
	if err != nil {
		p.died(s, err)
	} else if was {
		s.counts.Spans.Dropped[core.DropReasonUnfinished]++
	}
}

func (p *pool) record(span string) (Ref, ended, []core.Warning, error) {
	if p.running.here() {
		return Ref{}, ended{}, nil, nil
	}
	at, s := p.free()
	defer s.mu.Unlock()
	if p.closed.Load() {
		return Ref{}, ended{}, nil, nil
	}
	instance, err := p.alive(s)
	if err != nil {
		return Ref{}, ended{}, nil, err
	}
	s.counts.Spans.Accepted++
	recorded, err := instance.RecordSpan(bounded(span))
	switch {
	case err != nil && p.died(s, err):
		return Ref{}, ended{}, nil, ErrLost
	case err != nil:
		s.counts.Spans.Accepted--
		s.counts.AnnotationsRejected++
		return Ref{}, ended{}, nil, err
	}
	if recorded.Dropped.Has {
		s.counts.Spans.Dropped[recorded.Dropped.Value]++
		p.tellDropped(recorded.Dropped.Value)
	}
	p.warned(&s.counts, recorded.Warnings)
	ref := Ref{}
	if recorded.Span != 0 {
		ref = Ref{at, s.epoch, recorded.Span}
	}
	return ref, ended{recorded.ShouldPoll, recorded.Process}, recorded.Warnings, nil
}

// ask makes a call about a span.
func ask[T any](p *pool, span Ref, call func(*core.Instance) (T, error)) (given T, err error) {
	if span.IsNone() {
		return given, ErrOff
	}
	s, err := p.of(span)
	if err != nil {
		return given, err
	}
	defer s.mu.Unlock()
	given, err = call(s.instance)
	if err != nil && p.died(s, err) {
		err = ErrLost
	}
	return given, err
}

// anywhere makes a call that any instance can serve.
func anywhere[T any](p *pool, call func(*core.Instance, *Statistics) (T, error)) (T, error) {
	_, s := p.free()
	defer s.mu.Unlock()
	return in(p, s, call)
}

// in makes a call in a shard that is locked.
func in[T any](p *pool, s *shard, call func(*core.Instance, *Statistics) (T, error)) (given T, err error) {
	if p.closed.Load() {
		return given, ErrOff
	}
	instance, err := p.alive(s)
	if err != nil {
		return given, err
	}
	given, err = call(instance, &s.counts)
	if err != nil && p.died(s, err) {
		err = ErrLost
	}
	return given, err
}

// submit queues an evaluation or feedback; it gives whether the worker should poll. Any instance could take
// them. The first takes all, so that they arrive in the order in which they were submitted.
func (p *pool) submit(text string, feedback bool) (bool, []core.Warning, error) {
	s := p.shards[0]
	s.mu.Lock()
	defer s.mu.Unlock()
	submitted, err := in(p, s, func(i *core.Instance, counts *Statistics) (core.Submitted, error) {
		call := i.Submit
		if feedback {
			call = i.SubmitFeedback
		}
		counts.Evaluations.Accepted++
		submitted, err := call(bounded(text))
		if _, trapped := err.(*core.Trap); err != nil && !trapped {
			counts.Evaluations.Accepted--
			counts.EvaluationsRejected++
		}
		if submitted.Dropped.Has {
			counts.Evaluations.Dropped[submitted.Dropped.Value]++
			p.tellDropped(submitted.Dropped.Value)
		}
		p.warned(counts, submitted.Warnings)
		return submitted, err
	})
	return submitted.ShouldPoll, submitted.Warnings, err
}
