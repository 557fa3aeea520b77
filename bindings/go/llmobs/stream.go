// Streams: a span ends where its stream does.

package llmobs

import (
	"errors"
	"iter"
	"sync/atomic"
	"time"
)

// Stream passes a sequence on, and ends the span where the sequence ends: at its end, at a break of the loop,
// or at a panic. The metric time_to_first_token is the time from this call to the first item. If collect is not
// nil, it gets each item before the loop does; what it returns at the end is the output of the span.
//
// The span ends once. A second loop over the sequence is only passed on.
func Stream[T any](span Span, seq iter.Seq[T], collect func(item T) (output any)) iter.Seq[T] {
	began, ended := time.Now(), new(atomic.Bool)
	return func(yield func(T) bool) {
		if ended.Swap(true) {
			seq(yield)
			return
		}
		of := streaming[T]{span: span, began: began, collect: collect}
		defer of.end()
		for item := range seq {
			of.take(item, nil)
			if !yield(item) {
				of.over = true
				return
			}
		}
		of.over = true
	}
}

// Stream2 is Stream for a sequence whose items come with an error: the last error is what the span fails with.
func Stream2[T any](span Span, seq iter.Seq2[T, error], collect func(item T) (output any)) iter.Seq2[T, error] {
	began, ended := time.Now(), new(atomic.Bool)
	return func(yield func(T, error) bool) {
		if ended.Swap(true) {
			seq(yield)
			return
		}
		of := streaming[T]{span: span, began: began, collect: collect}
		defer of.end()
		for item, err := range seq {
			of.take(item, err)
			if !yield(item, err) {
				of.over = true
				return
			}
		}
		of.over = true
	}
}

// ClientStream is a stream of a model client: those of openai-go and anthropic-sdk-go are such.
type ClientStream[T any] interface {
	Next() bool
	Current() T
	Err() error
	Close() error
}

// Items gives the items of a client's stream as a sequence that ends the span; see Stream2. The stream is
// closed at the end, at a break and at a panic.
func Items[T any](span Span, stream ClientStream[T], collect func(item T) (output any)) iter.Seq2[T, error] {
	return Stream2(span, func(yield func(T, error) bool) {
		defer func() { _ = stream.Close() }()
		for stream.Next() {
			if !yield(stream.Current(), nil) {
				return
			}
		}
		if err := stream.Err(); err != nil {
			var none T
			yield(none, err)
		}
	}, collect)
}

var errLeft = errors.New("the loop over the stream was left by a panic")

// streaming is one loop over a stream.
type streaming[T any] struct {
	span    Span
	began   time.Time
	collect func(T) any
	first   time.Duration
	output  any
	err     error
	// over says that the loop ended without a panic.
	over bool
}

func (s *streaming[T]) take(item T, err error) {
	if err != nil {
		s.err = err
		return
	}
	if s.first == 0 {
		s.first = max(time.Since(s.began), 1)
	}
	if s.collect != nil {
		s.output = s.collected(item)
	}
}

// collected keeps a panic of the application's function away from its loop: the function is only for us.
func (s *streaming[T]) collected(item T) (output any) {
	defer func() {
		if cause := recover(); cause != nil {
			s.collect = nil
			output = s.output
		}
	}()
	return s.collect(item)
}

func (s *streaming[T]) end() {
	if s.span == nil {
		return
	}
	annotation := AnnotateOption{Output: s.output}
	if s.first > 0 {
		annotation.Metrics = map[string]float64{MetricKeyTimeToFirstToken: s.first.Seconds()}
	}
	s.span.Annotate(annotation)
	if s.over {
		s.span.Finish(FinishSpanOption{Error: s.err})
		return
	}
	// The panic goes on: it is not recovered, so it keeps its stack.
	s.span.Finish(FinishSpanOption{Error: errLeft})
}
