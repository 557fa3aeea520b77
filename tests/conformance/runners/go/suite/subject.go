package suite

import (
	"encoding/json"
	"net/url"

	"github.com/witspan/witspan-go/internal/core"
)

const (
	// StartNs is where the wall clock of a case stands.
	StartNs = 1_700_000_000_000_000_000
	// ProcessorNs is how long a processor may take.
	ProcessorNs = 1_000_000_000
)

// world is the clocks and the entropy of a case: clocks that stand until they are told.
type world struct {
	passed, drawn uint64
}

func (w *world) Monotonic() uint64 { return w.passed }
func (w *world) Wall() uint64      { return StartNs + w.passed }
func (w *world) Random() uint64 {
	w.drawn++
	return w.drawn * 0x9E3779B97F4A7C15
}

// Maker makes an instance of the core.
type Maker func(core.Host) *core.Instance

// subject is an instance of the core, what it has sent, and a receiver that answers as the case says.
type subject struct {
	*core.Instance
	world        *world
	answers      []Answer
	sent         []Request
	dispositions []string
	deed         Deed
}

func newSubject(one *Case, format string, fresh Maker) *subject {
	world := &world{}
	s := &subject{Instance: fresh(world), world: world, answers: one.Answers}
	options := map[string]string{"agentless_enabled": "false", "intake": "sdk"}
	if format == "public-api" {
		options = map[string]string{"agentless_enabled": "true", "intake": "public"}
	}
	secrets := map[string]bool{"DD_API_KEY": true}
	made, err := s.MakePlan(text(map[string]any{"options": options, "secrets": secrets}))
	must(err)
	var plan struct{ Settings map[string]json.RawMessage }
	must(json.Unmarshal([]byte(made), &plan))
	plan.Settings["ml_app"] = json.RawMessage(`"conformance"`)
	plan.Settings["language"] = json.RawMessage(`"python"`)
	for name, value := range one.Settings {
		plan.Settings[name] = value
	}
	_, err = s.Configure(text(plan.Settings))
	must(err)
	return s
}

func optional[T any](value *T) core.Option[T] {
	if value == nil {
		return core.Option[T]{}
	}
	return core.Some(*value)
}

func (s *subject) now() core.Option[uint64] {
	return core.Some(s.world.passed)
}

func (s *subject) Start(kind core.SpanKind, parent Parent, name *string, options []core.SpanOption) (Span, error) {
	above := core.Parent{Tag: parent.Tag, Text: parent.Remote}
	if parent.Span != nil {
		above.Number = parent.Span.(core.Span)
	}
	given := core.Option[[]core.SpanOption]{Has: options != nil, Value: options}
	return s.StartSpan(kind, above, optional(name), given, s.now())
}

func (s *subject) Annotate(span Span, text string) error {
	_, err := s.Instance.Annotate(span.(core.Span), text)
	return err
}

func (s *subject) CheckContext(text string) error {
	_, err := s.Instance.CheckContext(text)
	return err
}

func (s *subject) Advance(ns uint64) { s.world.passed += ns }

func (s *subject) KnowsCurrent() bool { return true }

func (s *subject) Finish(span Span, failure core.Option[core.Failure], endNs core.Option[uint64]) (current core.Option[Span], event *string, err error) {
	finished, err := s.Instance.Finish(span.(core.Span), failure, endNs, s.now())
	if err == nil && finished.Process {
		event = s.process()
	}
	if finished.Current.Has {
		current = core.Some[Span](finished.Current.Value)
	}
	return current, event, err
}

func (s *subject) Abandon(span Span) error {
	_, err := s.Instance.Abandon(span.(core.Span))
	return err
}

func (s *subject) IDs(span Span) (core.SpanContext, error) { return s.ExportSpan(span.(core.Span)) }

func (s *subject) Record(text string) (Span, error) {
	recorded, err := s.RecordSpan(text)
	if err == nil && recorded.Process {
		s.process()
	}
	return recorded.Span, err
}

func (s *subject) Info(span Span) (core.SpanDetails, error) { return s.SpanInfo(span.(core.Span)) }

func (s *subject) Inject(span Span, headers []core.Header) ([]core.Header, error) {
	return s.Instance.Inject(span.(core.Span), headers)
}

func (s *subject) Submit(text string, feedback bool) error {
	call := s.Instance.Submit
	if feedback {
		call = s.SubmitFeedback
	}
	_, err := call(text)
	return err
}

func (s *subject) SetProcessor(deed Deed) error {
	s.deed = deed
	return s.Instance.SetProcessor(core.Option[uint64]{Has: deed != Off, Value: ProcessorNs})
}

// process has the processor look at all that waits for it, and gives the last event.
func (s *subject) process() (seen *string) {
	for {
		event, err := s.TakeEvent()
		must(err)
		if !event.Has {
			return seen
		}
		outcome := Processed(s.deed, event.Value.Span)
		if s.deed == Late {
			s.world.passed += 2 * ProcessorNs
		}
		// It may come back too late, or as nonsense: the core counts that.
		if _, err := s.ReturnEvent(event.Value.ID, outcome); err != nil {
			if refused, is := err.(core.Error); !is || refused.Tag != core.ErrorUnknownEvent {
				must(err)
			}
		}
		seen = &event.Value.Span
	}
}

func (s *subject) Poll() int { return s.poll(core.PollModeDue) }

func (s *subject) Flush() (sent []Request, dispositions []string, counters map[string]uint64) {
	s.poll(core.PollModeEverything)
	return s.sent, s.dispositions, s.counters()
}

// poll sends what is due, or everything, for which time may pass, and gives how many requests that were.
func (s *subject) poll(mode core.PollMode) int {
	before := len(s.sent)
	for {
		action, err := s.Instance.Poll(mode)
		must(err)
		switch {
		case action.Tag == core.ActionSend:
			s.send(action.Request)
		case action.Tag == core.ActionWait && mode == core.PollModeEverything:
			s.world.passed += action.Number
		default:
			return len(s.sent) - before
		}
	}
}

// send sends a request until its fate is known, waiting as it is told.
func (s *subject) send(request core.Request) {
	where, err := url.Parse(request.URL)
	must(err)
	sent := Request{where.Path, record(request.Headers), string(request.Body)}
	for {
		s.sent = append(s.sent, sent)
		answer := Answer{Status: 202}
		if len(s.answers) > 0 {
			answer, s.answers = s.answers[0], s.answers[1:]
		}
		outcome := core.Outcome{Tag: core.OutcomeTransportError}
		if answer.Status != 0 {
			response := core.Response{Status: answer.Status, Headers: answer.Headers}
			outcome = core.Outcome{Tag: core.OutcomeResponse, Response: response}
		}
		fate, err := s.Complete(request.ID, outcome)
		must(err)
		switch fate.Tag {
		case core.DispositionDelivered:
			s.dispositions = append(s.dispositions, "delivered")
			return
		case core.DispositionDropped:
			s.dispositions = append(s.dispositions, "dropped "+fate.DropReason.String())
			return
		}
		s.dispositions = append(s.dispositions, "retry "+text(fate.Number))
		s.world.passed += fate.Number
	}
}

// counters gives those that are not zero.
func (s *subject) counters() map[string]uint64 {
	counts, err := s.Statistics()
	must(err)
	found := map[string]uint64{
		"accepted":              counts.Accepted,
		"open":                  counts.Open,
		"delivered":             counts.Delivered,
		"warnings":              counts.Warnings,
		"cut":                   counts.Cut,
		"annotations_rejected":  counts.AnnotationsRejected,
		"content_dropped":       counts.ContentDropped,
		"evaluations_rejected":  counts.EvaluationsRejected,
		"evaluations accepted":  counts.Evaluations.Accepted,
		"evaluations delivered": counts.Evaluations.Delivered,
	}
	for _, dropped := range counts.Dropped {
		found["dropped "+dropped.Reason.String()] = dropped.Count
	}
	for _, dropped := range counts.Evaluations.Dropped {
		found["evaluations dropped "+dropped.Reason.String()] = dropped.Count
	}
	for name, count := range found {
		if count == 0 {
			delete(found, name)
		}
	}
	return found
}
