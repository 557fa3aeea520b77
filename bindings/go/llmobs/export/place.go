// Where each part of a span goes: to its place in the core's span, or, if it has none there, into the metadata or
// the tags, so that nothing is lost.

package export

import (
	"encoding/json"
	"maps"
	"strings"

	"github.com/witspan/witspan-go/internal/values"
)

// placed is a span with every part in its place; nil and empty parts are not said.
type placed struct {
	kind                         Kind
	model, provider, mlApp       string
	failure                      ErrorMessage
	input, output, prompt, tools any
	agent, costTags              any
	intent                       string
	metadata                     map[string]any
	tags                         map[string]string
}

// place gives the parts of a span; service is that of the span, if it has one.
func place(e *SpanEvent, service string) *placed {
	p := &placed{kind: e.kind(), metadata: map[string]any{}, tags: tagsOf(e.Tags)}
	// The span has these in its own members, so a tag of an earlier life does not count.
	if service != "" {
		p.tags["service"] = service
	}
	if e.SessionID != "" {
		delete(p.tags, "session_id")
	}
	p.mlApp = p.tags["ml_app"]
	delete(p.tags, "ml_app")
	p.placeMetadata(e.Meta[metaMetadata])
	for name, value := range e.Meta {
		p.placeMember(e, name, value)
	}
	if e.StatusMessage != "" {
		if e.Status == StatusError && p.failure.Message == "" {
			p.failure.Message = e.StatusMessage
		} else {
			p.keep("status_message", e.StatusMessage)
		}
	}
	if len(e.CollectionErrors) > 0 {
		p.keep("collection_errors", e.CollectionErrors)
	}
	if p.kind == KindStep {
		p.kind = KindTask
		p.tag("original_kind", string(KindStep))
	}
	p.placeIDs(e)
	return p
}

func (p *placed) placeMember(e *SpanEvent, name string, value any) {
	text, isText := value.(string)
	hasModel := p.kind == KindLLM || p.kind == KindEmbedding
	hasError := e.Status == StatusError
	switch {
	case name == metaKind || name == metaMetadata || value == nil:
	case name == metaInput:
		p.input = p.side(name, value, KindEmbedding)
	case name == metaOutput:
		p.output = p.side(name, value, KindRetrieval)
	case name == metaModel && isText && hasModel:
		p.model = text
	case name == metaProvider && isText && hasModel:
		p.provider = text
	case name == metaMessage && isText && hasError:
		p.failure.Message = text
	case name == metaType && isText && hasError:
		p.failure.Type = text
	case name == metaStack && isText && hasError:
		p.failure.Stack = text
	case name == metaTools && p.kind == KindLLM:
		p.tools = value
	case name == metaIntent && isText:
		p.intent = text
	default:
		p.keep(name, value)
	}
}

// side gives an input or output. Messages are for llm spans, documents for one other kind, and values for the rest;
// where the kind has none of them, the others are taken.
func (p *placed) side(name string, value any, documentKind Kind) any {
	members := objectOf(value)
	if members == nil {
		return value
	}
	order := []string{metaValue, metaMessages, metaDocuments}
	switch p.kind {
	case KindLLM:
		order = []string{metaMessages, metaValue, metaDocuments}
	case documentKind:
		order = []string{metaDocuments, metaValue, metaMessages}
	}
	rest := maps.Clone(members)
	if prompt := objectOf(rest[metaPrompt]); prompt != nil && name == metaInput && p.kind == KindLLM {
		p.prompt = promptOf(prompt)
		delete(rest, metaPrompt)
	}
	for _, part := range order {
		if found, has := rest[part]; has && found != nil {
			delete(rest, part)
			if len(rest) > 0 {
				p.keep(name, rest)
			}
			return found
		}
	}
	if len(rest) == 0 {
		return nil
	}
	return rest
}

// promptNames are the core's names for those of the intake.
var promptNames = map[string]string{
	"_dd_context_variable_keys": "context_variables",
	"_dd_query_variable_keys":   "query_variables",
}

func promptOf(given map[string]any) map[string]any {
	prompt := map[string]any{}
	for name, value := range given {
		// The app of a prompt is that of its span.
		if name != "ml_app" {
			prompt[last(name, promptNames[name])] = value
		}
	}
	return prompt
}

// placeMetadata copies the metadata. Its member _dd is the intake's own, of which the core writes two parts.
func (p *placed) placeMetadata(value any) {
	members := objectOf(value)
	if members == nil {
		if value != nil {
			p.keep(metaMetadata, value)
		}
		return
	}
	maps.Copy(p.metadata, members)
	own := objectOf(members["_dd"])
	if own == nil {
		return
	}
	rest := maps.Clone(own)
	p.costTags = rest["cost_tags"]
	delete(rest, "cost_tags")
	if manifest := objectOf(rest["agent_manifest"]); manifest != nil && p.kind == KindAgent {
		p.agent = agentOf(manifest)
		delete(rest, "agent_manifest")
	}
	delete(p.metadata, "_dd")
	if len(rest) > 0 {
		p.keep("dd", rest)
	}
}

func agentOf(manifest map[string]any) map[string]any {
	agent := maps.Clone(manifest)
	// The core says who wrote the manifest.
	delete(agent, "framework")
	return agent
}

// placeIDs makes tags of ids that are not sent as they were given.
func (p *placed) placeIDs(e *SpanEvent) {
	changed := func(key, given, sent string) {
		if !strings.EqualFold(given, sent) {
			p.tag(key, given)
		}
	}
	changed("original_span_id", e.SpanID, spanIDOf(e.SpanID))
	changed("original_trace_id", e.TraceID, traceIDOf(e.TraceID))
	if e.hasParent() {
		changed("original_parent_id", e.ParentID, spanIDOf(e.ParentID))
	}
	other := func(key, id, own string) {
		if id != "" && id != own {
			p.tag(key, id)
		}
	}
	of := &e.DDAttributes
	other("dd.span_id", of.SpanID, e.SpanID)
	other("dd.trace_id", of.TraceID, e.TraceID)
	other("apm_trace_id", of.APMTraceID, e.TraceID)
	other("scope", of.Scope, "")
}

// keep puts a part that has no place into the metadata.
func (p *placed) keep(name string, value any) {
	if _, taken := p.metadata[name]; taken {
		name = "meta." + name
	}
	p.metadata[name] = value
}

// tag adds a tag, unless there is one.
func (p *placed) tag(key, value string) {
	if _, has := p.tags[key]; !has {
		p.tags[key] = value
	}
}

// tagsOf gives tags by key. Several values of a key become one.
func tagsOf(list []string) map[string]string {
	tags := make(map[string]string, len(list))
	for _, tag := range list {
		key, value, _ := strings.Cut(tag, ":")
		if former, has := tags[key]; has && former != value {
			value = former + "," + value
		}
		tags[key] = value
	}
	return tags
}

// objectOf gives the members of a value that is an object as JSON; nil if it is none.
func objectOf(value any) map[string]any {
	switch value := value.(type) {
	case nil, string, bool, float64, int, []any:
		return nil
	case map[string]any:
		return value
	}
	w := values.Get()
	defer w.Put()
	w.Begin()
	w.Member("it")
	w.Value(value)
	w.End()
	var read struct {
		It map[string]json.RawMessage `json:"it"`
	}
	if json.Unmarshal(w.Bytes(), &read) != nil || read.It == nil {
		return nil
	}
	members := make(map[string]any, len(read.It))
	for name, text := range read.It {
		// The text is the writer's, which is used again.
		members[name] = json.RawMessage(strings.Clone(string(text)))
	}
	return members
}
