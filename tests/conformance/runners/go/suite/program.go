package suite

import (
	"fmt"
	"sort"

	"github.com/witspan/witspan-go/internal/core"
)

// Span is a span as a subject names it; one can be compared with another.
type Span any

// Parent is what a new span belongs to.
type Parent struct {
	Tag core.ParentTag
	// Span is the span of current and child-of.
	Span Span
	// Remote is the text of remote.
	Remote string
}

// Subject is what the steps of a case are done with.
type Subject interface {
	// Close ends it.
	Close()
	Start(kind core.SpanKind, parent Parent, name *string, options []core.SpanOption) (Span, error)
	Annotate(span Span, text string) error
	CheckContext(text string) error
	Advance(ns uint64)
	// Finish gives the span that is current again, if the subject is told, and the event that the processor
	// was given last.
	Finish(span Span, failure core.Option[core.Failure], endNs core.Option[uint64]) (current core.Option[Span], event *string, err error)
	Abandon(span Span) error
	IDs(span Span) (core.SpanContext, error)
	Record(text string) (Span, error)
	Info(span Span) (core.SpanDetails, error)
	Inject(span Span, headers []core.Header) ([]core.Header, error)
	Extract(headers []core.Header) (string, error)
	Submit(text string, feedback bool) error
	// SetProcessor sets a processor that does this, or none.
	SetProcessor(deed Deed) error
	// Poll sends what is due now, and gives how many requests that were.
	Poll() int
	// Flush sends everything. It gives what was sent, what followed from each answer, nil if the subject is
	// not told, and the counters that are not zero.
	Flush() (sent []Request, dispositions []string, counters map[string]uint64)
	// KnowsCurrent says whether Finish gives the span that is current again.
	KnowsCurrent() bool
}

// program runs the steps of a case on a subject.
type program struct {
	Subject
	spans   map[string]Span
	remotes map[string]string
}

func (p *program) span(name string) Span {
	span, known := p.spans[name]
	if !known {
		panic(wrong(fmt.Sprintf("no span `%s` in the program", name)))
	}
	return span
}

// refusal gives the text of a refusal, "" for what is dropped without one, and nil for no error.
func refusal(err error) *string {
	refused, is := err.(core.Error)
	switch {
	case is && refused.Tag == core.ErrorInvalidArgument:
		return &refused.InvalidArgument.Message
	case is && (refused.Tag == core.ErrorSpanFinished || refused.Tag == core.ErrorMemoryFull):
		return new(string)
	}
	must(err)
	return nil
}

func refuses(step *Step, err error) {
	same("refused", refusal(err), step.Refused)
}

func (p *program) run(steps []Step) {
	for at := range steps {
		p.step(at, &steps[at])
	}
}

func (p *program) step(at int, step *Step) {
	defer func() {
		if why, is := recover().(wrong); is {
			panic(wrong(fmt.Sprintf("step %d (%s): %s", at, step.Do, why)))
		}
	}()
	switch step.Do {
	case "start":
		p.spans[step.Span] = p.start(step)
	case "annotate":
		got := refusal(p.Annotate(p.span(step.Span), step.JSON))
		if got != nil && *got == "" {
			same("dropped", true, step.Dropped)
			return
		}
		same("dropped", false, step.Dropped)
		same("refused", got, step.Refused)
	case "context":
		refuses(step, p.CheckContext(step.JSON))
	case "advance":
		p.Advance(step.Ns)
	case "finish":
		p.finish(step)
	case "abandon":
		must(p.Abandon(p.span(step.Span)))
	case "export":
		ids, err := p.IDs(p.span(step.Span))
		must(err)
		same("ids", []any{ids.SpanID, ids.TraceID}, []any{step.SpanID, step.TraceID})
	case "record":
		recorded, err := p.Record(step.JSON)
		refuses(step, err)
		if err == nil {
			p.spans[step.Span] = recorded
		}
	case "info":
		p.info(step)
	case "inject":
		set, err := p.Inject(p.span(step.Span), step.Headers)
		must(err)
		same("headers", record(set), step.Gives)
	case "extract":
		remote, err := p.Extract(step.Headers)
		refuses(step, err)
		p.remotes[step.Remote] = remote
	case "evaluate":
		refuses(step, p.Submit(step.JSON, false))
	case "feedback":
		refuses(step, p.Submit(step.JSON, true))
	case "processor":
		must(p.SetProcessor(deed(step.Does)))
	case "poll":
		same("requests", p.Poll(), step.Requests)
	default:
		panic(wrong("no such step"))
	}
}

func (p *program) parent(step *Step) Parent {
	switch {
	case step.Current != "":
		return Parent{Tag: core.ParentCurrent, Span: p.span(step.Current)}
	case step.ChildOf != "":
		return Parent{Tag: core.ParentChildOf, Span: p.span(step.ChildOf)}
	case step.Remote != "":
		return Parent{Tag: core.ParentRemote, Remote: p.remotes[step.Remote]}
	}
	return Parent{Tag: core.ParentRoot}
}

// kinds are the kinds of spans by their names.
var kinds = func() map[string]core.SpanKind {
	found := map[string]core.SpanKind{}
	for kind := core.SpanKindLLM; kind <= core.SpanKindRetrieval; kind++ {
		found[kind.String()] = kind
	}
	return found
}()

func (p *program) start(step *Step) Span {
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
	span, err := p.Start(kind, p.parent(step), step.Name, options)
	must(err)
	return span
}

func (p *program) finish(step *Step) {
	var failure core.Option[core.Failure]
	if given := step.Failure; given != nil {
		failure = core.Some(core.Failure(*given))
	}
	current, event, err := p.Finish(p.span(step.Span), failure, optional(step.EndNs))
	must(err)
	if p.KnowsCurrent() {
		same("current again", p.named(current), step.CurrentAgain)
	}
	if step.Event != nil {
		same("event", event, step.Event)
	}
}

// named gives the first name of a span.
func (p *program) named(span core.Option[Span]) *string {
	names := make([]string, 0, len(p.spans))
	for name := range p.spans {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		if span.Has && p.spans[name] == span.Value {
			return &name
		}
	}
	return nil
}

func (p *program) info(step *Step) {
	known, err := p.Info(p.span(step.Span))
	must(err)
	kind := known.Kind.String()
	got := []any{kind, nil, known.SpanID, known.TraceID, nil}
	if known.Name.Has {
		got[1] = known.Name.Value
	}
	if known.ParentID.Has {
		got[4] = known.ParentID.Value
	}
	same("info", got, []any{step.Kind, step.Name, step.SpanID, step.TraceID, step.ParentID})
}
