package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/witspan/witspan-go/internal/core"
	"github.com/witspan/witspan-go/internal/engine"
	"github.com/witspan/witspan-go/tests/conformance/suite"
)

// patience is how long a case may take until everything is sent.
const patience = 20 * time.Second

// host is a tracer of the engine as a subject of the suite.
type host struct {
	tracer   *engine.Tracer
	clock    *engine.Fixed
	receiver *receiver
	expected []suite.Request
	// The event that the processor was given last.
	seen struct {
		sync.Mutex
		event *string
	}
}

func newHost(one *suite.Case, format string) *host {
	h := &host{
		clock:    &engine.Fixed{Start: suite.StartNs},
		receiver: listen(one.Answers),
		expected: one.Requests[format],
	}
	config, err := configOf(one, format)
	must(err)
	config.Clock = h.clock
	config.Options["override_origin"] = h.receiver.origin()
	h.tracer, err = engine.Start(config)
	must(err)
	if h.tracer == nil {
		suite.Wrong("the settings turn tracing off")
	}
	return h
}

// configOf gives a tracer's settings as a case says, by the names that a program uses.
func configOf(one *suite.Case, format string) (*engine.Config, error) {
	config := &engine.Config{
		Options: map[string]string{
			"ml_app": "conformance", "api_key": "key", "agentless_enabled": "false", "intake": "sdk",
		},
		// The suite compares what is counted; what is logged would hide what failed.
		Logger: slog.New(slog.DiscardHandler),
		// What the machine says has no part in it.
		Lookup: func(string) (string, bool) { return "", false },
	}
	if format == "public-api" {
		config.Options["agentless_enabled"], config.Options["intake"] = "true", "public"
	}
	// The plan has the language, and a service that it takes from the program: the cases know of neither.
	language := json.RawMessage(`"python"`)
	_, hasService := one.Settings["service"]
	config.Settings = func(text string) string {
		var settings map[string]json.RawMessage
		must(json.Unmarshal([]byte(text), &settings))
		settings["language"] = language
		if !hasService {
			delete(settings, "service")
		}
		changed, err := json.Marshal(settings)
		must(err)
		return string(changed)
	}
	for name, value := range one.Settings {
		var err error
		switch name {
		case "tags":
			err = json.Unmarshal(value, &config.Tags)
		case "language":
			language = value
		case "limits":
			err = options(config.Options, value, nil)
		case "sampling":
			err = options(config.Options, value, map[string]string{
				"rate": "sample_rate", "rules": "sampling_rules", "drop": "drop_unsampled",
			})
		default:
			var text string
			err = json.Unmarshal(value, &text)
			config.Options[name] = text
		}
		if err != nil {
			return nil, fmt.Errorf("setting %s: %w", name, err)
		}
	}
	return config, nil
}

// options adds the members of a JSON object, as the environment would have them, by other names.
func options(to map[string]string, object json.RawMessage, names map[string]string) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(object, &members); err != nil {
		return err
	}
	for name, value := range members {
		if other, has := names[name]; has {
			name = other
		}
		text := string(value)
		if value[0] == '"' {
			if err := json.Unmarshal(value, &text); err != nil {
				return err
			}
		}
		to[name] = text
	}
	return nil
}

func (h *host) Close() {
	ended, cancel := context.WithCancel(context.Background())
	cancel()
	h.tracer.Shutdown(ended)
	h.receiver.close()
}

func (h *host) Start(kind core.SpanKind, parent suite.Parent, name *string, options []core.SpanOption) (suite.Span, error) {
	above := engine.Parent{Tag: parent.Tag, Remote: parent.Remote}
	if parent.Span != nil {
		above.Span = parent.Span.(engine.Ref)
	}
	// Here an empty name is that of the kind.
	called := ""
	if name != nil {
		called = *name
	}
	return h.tracer.StartSpan(kind, above, called, options)
}

func (h *host) Annotate(span suite.Span, text string) error {
	return h.tracer.Annotate(span.(engine.Ref), text)
}

func (h *host) CheckContext(text string) error { return h.tracer.CheckContext(text) }

func (h *host) Advance(ns uint64) { h.clock.Advance(ns) }

// KnowsCurrent is false: in Go a context says what is current, and nobody asks the core.
func (h *host) KnowsCurrent() bool { return false }

func (h *host) Finish(span suite.Span, failure core.Option[core.Failure], endNs core.Option[uint64]) (_ core.Option[suite.Span], event *string, _ error) {
	h.tracer.Finish(span.(engine.Ref), failure, endNs)
	h.seen.Lock()
	defer h.seen.Unlock()
	event, h.seen.event = h.seen.event, nil
	return core.Option[suite.Span]{}, event, nil
}

func (h *host) Abandon(span suite.Span) error {
	h.tracer.Abandon(span.(engine.Ref))
	return nil
}

func (h *host) IDs(span suite.Span) (core.SpanContext, error) { return h.tracer.IDs(span.(engine.Ref)) }

func (h *host) Record(text string) (suite.Span, error) { return h.tracer.Record(text) }

func (h *host) Info(span suite.Span) (core.SpanDetails, error) {
	return h.tracer.Info(span.(engine.Ref))
}

func (h *host) Inject(span suite.Span, headers []core.Header) ([]core.Header, error) {
	return h.tracer.Inject(span.(engine.Ref), headers)
}

func (h *host) Extract(headers []core.Header) (string, error) { return h.tracer.Extract(headers) }

func (h *host) Submit(text string, feedback bool) error { return h.tracer.Submit(text, feedback) }

func (h *host) SetProcessor(deed suite.Deed) error {
	if deed == suite.Off {
		h.tracer.SetProcessor(nil, 0)
		return nil
	}
	h.tracer.SetProcessor(func(event string) engine.Processed {
		h.seen.Lock()
		h.seen.event = &event
		h.seen.Unlock()
		if deed == suite.Late {
			h.clock.Advance(2 * suite.ProcessorNs)
		}
		outcome := suite.Processed(deed, event)
		switch outcome.Tag {
		case core.ProcessingOutcomeDrop:
			return engine.Processed{Drop: true}
		case core.ProcessingOutcomeFailed:
			panic("the processor of the case")
		}
		return engine.Processed{Event: outcome.Text}
	}, suite.ProcessorNs*time.Nanosecond)
	return nil
}

func (h *host) Poll() int {
	suite.Wrong(polls)
	return 0
}

// Flush gives no dispositions: the engine keeps to itself what follows from an answer.
func (h *host) Flush() (sent []suite.Request, dispositions []string, counters map[string]uint64) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	h.receiver.begin()
	flushed := h.tracer.Flush(ctx)
	if !flushed.Settled {
		suite.Wrong(fmt.Sprintf("the flush was not settled: %+v", flushed))
	}
	for at, got := range h.receiver.all() {
		named := map[string]string{}
		if at < len(h.expected) {
			for name := range h.expected[at].Headers {
				if value := got.header.Get(name); value != "" {
					named[name] = value
				}
			}
		}
		sent = append(sent, suite.Request{Path: got.path, Headers: named, Body: got.body})
	}
	return sent, nil, countersOf(&flushed.Statistics)
}

// countersOf gives the counters that are not zero, by their names in the suite.
func countersOf(counts *engine.Statistics) map[string]uint64 {
	found := map[string]uint64{
		"accepted":              counts.Spans.Accepted,
		"open":                  counts.Spans.Open,
		"delivered":             counts.Spans.Delivered,
		"warnings":              counts.Warnings,
		"cut":                   counts.Cut,
		"annotations_rejected":  counts.AnnotationsRejected,
		"content_dropped":       counts.ContentDropped,
		"evaluations_rejected":  counts.EvaluationsRejected,
		"evaluations accepted":  counts.Evaluations.Accepted,
		"evaluations delivered": counts.Evaluations.Delivered,
	}
	for reason, count := range counts.Spans.Dropped {
		found["dropped "+core.DropReason(reason).String()] = count
	}
	for reason, count := range counts.Evaluations.Dropped {
		found["evaluations dropped "+core.DropReason(reason).String()] = count
	}
	for name, count := range found {
		if count == 0 {
			delete(found, name)
		}
	}
	return found
}

func must(err error) {
	if err != nil {
		suite.Wrong(err.Error())
	}
}
