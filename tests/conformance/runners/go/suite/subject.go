package suite

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/witspan/witspan-go/internal/core"
)

const (
	startNs     = 1_700_000_000_000_000_000
	processorNs = 1_000_000_000
)

// world is the clocks and the entropy of a case: clocks that stand until they are told.
type world struct {
	passed, drawn uint64
}

func (w *world) Monotonic() uint64 { return w.passed }
func (w *world) Wall() uint64      { return startNs + w.passed }
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
	deed         any
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

// kinds are the kinds of spans by their names.
var kinds = func() map[string]core.SpanKind {
	found := map[string]core.SpanKind{}
	for kind := core.SpanKindLLM; kind <= core.SpanKindRetrieval; kind++ {
		found[kind.String()] = kind
	}
	return found
}()

func (s *subject) start(step *Step, parent core.Parent) core.Span {
	var options []core.SpanOption
	for _, one := range []struct {
		tag   core.SpanOptionTag
		value *string
	}{
		{core.SpanOptionSessionID, step.SessionID},
		{core.SpanOptionMLApp, step.MLApp},
		{core.SpanOptionModelName, step.ModelName},
		{core.SpanOptionModelProvider, step.ModelProvider},
	} {
		if one.value != nil {
			options = append(options, core.SpanOption{Tag: one.tag, Text: *one.value})
		}
	}
	if step.StartNs != nil {
		options = append(options, core.SpanOption{Tag: core.SpanOptionStartNs, Number: *step.StartNs})
	}
	for _, context := range step.Contexts {
		options = append(options, core.SpanOption{Tag: core.SpanOptionContext, Text: context})
	}
	kind, known := kinds[step.Kind]
	if !known {
		panic(wrong("no kind " + step.Kind))
	}
	given := core.Option[[]core.SpanOption]{Has: options != nil, Value: options}
	span, err := s.StartSpan(kind, parent, optional(step.Name), given, s.now())
	must(err)
	return span
}

func (s *subject) now() core.Option[uint64] {
	return core.Some(s.world.passed)
}

func (s *subject) finish(step *Step, span core.Span) (current core.Option[core.Span], event *string) {
	var failure core.Option[core.Failure]
	if given := step.Failure; given != nil {
		failure = core.Some(core.Failure(*given))
	}
	finished, err := s.Finish(span, failure, optional(step.EndNs), s.now())
	must(err)
	if finished.Process {
		event = s.process()
	}
	return finished.Current, event
}

func (s *subject) setProcessor(does json.RawMessage) {
	s.deed = parsed(string(does))
	limit := core.Some[uint64](processorNs)
	if s.deed == "off" {
		limit.Has = false
	}
	must(s.SetProcessor(limit))
}

// process has the processor look at all that waits for it, and gives the last event.
func (s *subject) process() (seen *string) {
	for {
		event, err := s.TakeEvent()
		must(err)
		if !event.Has {
			return seen
		}
		outcome := processed(s.deed, event.Value.Span)
		if s.deed == "late" {
			s.world.passed += 2 * processorNs
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

// poll sends what is due, or everything, for which time may pass, and gives how many requests that were.
func (s *subject) poll(mode core.PollMode) int {
	before := len(s.sent)
	for {
		action, err := s.Poll(mode)
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

// processed gives what a processor that does this makes of an event.
func processed(deed any, event string) core.ProcessingOutcome {
	switch deed {
	case "drop":
		return core.ProcessingOutcome{Tag: core.ProcessingOutcomeDrop}
	case "off", "raise", nil:
		return core.ProcessingOutcome{Tag: core.ProcessingOutcomeFailed}
	case "nonsense":
		return core.ProcessingOutcome{Tag: core.ProcessingOutcomeProcessed, Text: "nonsense"}
	}
	changed := parsed(event)
	if does, is := deed.(map[string]any); is {
		if pair, is := does["replace"].([]any); is {
			changed = replaced(changed, pair[0].(string), pair[1].(string))
		}
		if name, is := does["remove"].(string); is {
			delete(changed.(map[string]any), name)
		}
		if patch, is := does["merge"]; is {
			changed = merged(changed, patch)
		}
	}
	return core.ProcessingOutcome{Tag: core.ProcessingOutcomeProcessed, Text: text(changed)}
}

// replaced replaces in every text that is a value, at any depth.
func replaced(value any, from, to string) any {
	switch value := value.(type) {
	case string:
		return strings.ReplaceAll(value, from, to)
	case []any:
		for index, item := range value {
			value[index] = replaced(item, from, to)
		}
	case map[string]any:
		for name, part := range value {
			value[name] = replaced(part, from, to)
		}
	}
	return value
}

// merged applies a JSON merge patch (RFC 7386).
func merged(value, patch any) any {
	changes, is := patch.(map[string]any)
	if !is {
		return patch
	}
	result, is := value.(map[string]any)
	if !is {
		result = map[string]any{}
	}
	for name, part := range changes {
		if part == nil {
			delete(result, name)
		} else {
			result[name] = merged(result[name], part)
		}
	}
	return result
}
