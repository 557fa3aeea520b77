package suite

import (
	"fmt"
	"sort"

	"github.com/witspan/witspan-go/internal/core"
)

// program runs the steps of a case on a subject.
type program struct {
	*subject
	spans   map[string]core.Span
	remotes map[string]string
}

func (p *program) span(name string) core.Span {
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
	p.poll(core.PollModeEverything)
}

func (p *program) step(at int, step *Step) {
	defer func() {
		if why, is := recover().(wrong); is {
			panic(wrong(fmt.Sprintf("step %d (%s): %s", at, step.Do, why)))
		}
	}()
	switch step.Do {
	case "start":
		p.spans[step.Span] = p.start(step, p.parent(step))
	case "annotate":
		_, err := p.Annotate(p.span(step.Span), step.JSON)
		got := refusal(err)
		if got != nil && *got == "" {
			same("dropped", true, step.Dropped)
			return
		}
		same("dropped", false, step.Dropped)
		same("refused", got, step.Refused)
	case "context":
		_, err := p.CheckContext(step.JSON)
		refuses(step, err)
	case "advance":
		p.world.passed += step.Ns
	case "finish":
		current, event := p.finish(step, p.span(step.Span))
		same("current again", p.named(current), step.CurrentAgain)
		if step.Event != nil {
			same("event", event, step.Event)
		}
	case "abandon":
		_, err := p.Abandon(p.span(step.Span))
		must(err)
	case "export":
		ids, err := p.ExportSpan(p.span(step.Span))
		must(err)
		same("ids", []any{ids.SpanID, ids.TraceID}, []any{step.SpanID, step.TraceID})
	case "record":
		recorded, err := p.RecordSpan(step.JSON)
		refuses(step, err)
		if err == nil {
			p.spans[step.Span] = recorded.Span
			if recorded.Process {
				p.process()
			}
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
		_, err := p.Submit(step.JSON)
		refuses(step, err)
	case "feedback":
		_, err := p.SubmitFeedback(step.JSON)
		refuses(step, err)
	case "processor":
		p.setProcessor(step.Does)
	case "poll":
		same("requests", p.poll(core.PollModeDue), step.Requests)
	default:
		panic(wrong("no such step"))
	}
}

func (p *program) parent(step *Step) core.Parent {
	switch {
	case step.Current != "":
		return core.Parent{Tag: core.ParentCurrent, Number: p.span(step.Current)}
	case step.ChildOf != "":
		return core.Parent{Tag: core.ParentChildOf, Number: p.span(step.ChildOf)}
	case step.Remote != "":
		return core.Parent{Tag: core.ParentRemote, Text: p.remotes[step.Remote]}
	}
	return core.Parent{Tag: core.ParentRoot}
}

// named gives the first name of a span.
func (p *program) named(span core.Option[core.Span]) *string {
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
	known, err := p.SpanInfo(p.span(step.Span))
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
