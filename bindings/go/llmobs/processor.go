// The application's processor: it sees each span before it is sent, to redact, enrich or drop it.

package llmobs

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/witspan/witspan-go/internal/engine"
)

// Processor gets each finished span before it is sent, and gives what to send: the same event, changed or not,
// or nil, and then the span is not sent. It runs on the goroutine that finishes the span, which waits for it.
// It fails closed: if it gives an error, panics, or takes longer than its limit, the span is sent without its
// content and counted. Spans that start inside it are not kept.
type Processor func(*Event) (*Event, error)

// ProcessorLimit is how long a processor may take where SetProcessor is given no other limit.
const ProcessorLimit = time.Second

// SetProcessor sets the processor of the global tracer, also of one that is started later; nil removes it. A limit
// of 0 is ProcessorLimit.
func SetProcessor(processor Processor, limit time.Duration) {
	engine.SetGlobalProcessor(passed(processor, limit))
}

// SetProcessor sets the tracer's processor; nil removes it. A limit of 0 is ProcessorLimit.
func (t *Tracer) SetProcessor(processor Processor, limit time.Duration) {
	if t != nil && t.engine != nil {
		t.engine.SetProcessor(passed(processor, limit))
	}
}

// passed gives a processor as the engine takes it.
func passed(processor Processor, limit time.Duration) (engine.Processor, time.Duration) {
	if limit <= 0 {
		limit = ProcessorLimit
	}
	if processor == nil {
		return nil, limit
	}
	return func(text string) engine.Processed { return processed(processor, text) }, limit
}

func processed(processor Processor, text string) engine.Processed {
	event := &Event{}
	numbers := json.NewDecoder(bytes.NewReader([]byte(text)))
	// A number that no float holds is given back as it came.
	numbers.UseNumber()
	if err := numbers.Decode(&event.Members); err != nil {
		return engine.Processed{Failed: err.Error()}
	}
	given, err := processor(event)
	switch {
	case err != nil:
		return engine.Processed{Failed: fmt.Sprint("it returned the error: ", said(err))}
	case given == nil:
		return engine.Processed{Drop: true}
	}
	written, err := json.Marshal(given.Members)
	if err != nil {
		return engine.Processed{Failed: err.Error()}
	}
	return engine.Processed{Event: string(written)}
}

// Event is a finished span as a processor sees it.
type Event struct {
	// Members are those of the span as JSON: kind, name, span_id, trace_id, parent_id, status, and, if the span
	// has them, input, output (each with messages, documents or value), intent, metadata, tags, metrics,
	// tool_definitions, tool_version, agent, links, error, model_name, model_provider, session_id. Numbers are
	// json.Number. What is changed in input, output, intent, metadata, tags, name, tool_definitions,
	// tool_version, agent, links and error is sent; other changes are ignored.
	Members map[string]any
}

// Kind is the kind of the span.
func (e *Event) Kind() string { return e.text("kind") }

// Name is the name of the span.
func (e *Event) Name() string { return e.text("name") }

// SetName changes the name of the span.
func (e *Event) SetName(name string) { e.Members["name"] = name }

// SpanID is the id of the span.
func (e *Event) SpanID() string { return e.text("span_id") }

// TraceID is the id of the trace.
func (e *Event) TraceID() string { return e.text("trace_id") }

// Tag gives a tag of the span; "" if it has none.
func (e *Event) Tag(key string) string {
	tags, _ := e.Members["tags"].(map[string]any)
	value, _ := tags[key].(string)
	return value
}

// SetTag sets a tag of the span.
func (e *Event) SetTag(key, value string) {
	tags, is := e.Members["tags"].(map[string]any)
	if !is {
		tags = map[string]any{}
		e.Members["tags"] = tags
	}
	tags[key] = value
}

// Remove removes a member, such as input.
func (e *Event) Remove(member string) { delete(e.Members, member) }

// Replace puts every text of input, output, intent, metadata, tags, prompt and error through a function, at any
// depth: names of members stay.
func (e *Event) Replace(replace func(text string) string) {
	for _, member := range []string{"input", "output", "intent", "metadata", "tags", "error"} {
		if value, has := e.Members[member]; has {
			e.Members[member] = replaced(value, replace)
		}
	}
}

func replaced(value any, replace func(string) string) any {
	switch of := value.(type) {
	case string:
		return replace(of)
	case []any:
		for at := range of {
			of[at] = replaced(of[at], replace)
		}
	case map[string]any:
		for name := range of {
			of[name] = replaced(of[name], replace)
		}
	}
	return value
}

func (e *Event) text(member string) string {
	text, _ := e.Members[member].(string)
	return text
}
