// Writes what an annotation says, member by member. What is called for every span is written by hand: the
// way by reflection takes three times as long.

package llmobs

import (
	"fmt"
	"maps"
	"strconv"

	"github.com/witspan/witspan-go/internal/values"
)

func writeText(w *values.Writer, name string, has members, text string) members {
	if text == "" {
		return 0
	}
	w.Member(name)
	w.Text(text)
	return has
}

func writeMessages(w *values.Writer, name string, has members, messages []LLMMessage) members {
	if len(messages) == 0 {
		return 0
	}
	w.Member(name)
	messageList(w, messages)
	return has
}

func messageList(w *values.Writer, messages []LLMMessage) {
	w.ArrayBegin()
	for at := range messages {
		message := &messages[at]
		if !w.Item() {
			break
		}
		w.ObjectBegin()
		if message.Role != "" {
			w.Key("role")
			w.Text(message.Role)
		}
		w.Key("content")
		w.Text(message.Content)
		if len(message.ToolCalls) > 0 {
			w.Key("tool_calls")
			toolCalls(w, message.ToolCalls)
		}
		if len(message.ToolResults) > 0 {
			w.Key("tool_results")
			w.Value(message.ToolResults)
		}
		w.ObjectEnd()
	}
	w.ArrayEnd()
}

func toolCalls(w *values.Writer, calls []ToolCall) {
	w.ArrayBegin()
	for at := range calls {
		call := &calls[at]
		if !w.Item() {
			break
		}
		w.ObjectBegin()
		w.Key("name")
		w.Text(call.Name)
		if len(call.Arguments) > 0 {
			w.Key("arguments")
			w.Value(call.Arguments)
		}
		optional(w, "tool_id", call.ToolID)
		optional(w, "type", call.Type)
		w.ObjectEnd()
	}
	w.ArrayEnd()
}

func optional(w *values.Writer, name, text string) {
	if text != "" {
		w.Key(name)
		w.Text(text)
	}
}

// document is what both kinds of documents are.
type document interface {
	EmbeddedDocument | RetrievedDocument
}

func writeDocuments[D document](w *values.Writer, name string, has members, documents []D) members {
	if len(documents) == 0 {
		return 0
	}
	w.Member(name)
	w.ArrayBegin()
	for _, one := range documents {
		document := RetrievedDocument(one)
		if !w.Item() {
			break
		}
		w.ObjectBegin()
		w.Key("text")
		w.Text(document.Text)
		optional(w, "name", document.Name)
		optional(w, "id", document.ID)
		if document.Score != 0 {
			w.Key("score")
			w.Float(document.Score)
		}
		w.ObjectEnd()
	}
	w.ArrayEnd()
	return has
}

func texts(w *values.Writer, of map[string]string) {
	for name, value := range of {
		w.Key(name)
		w.Text(value)
	}
}

// write writes the members that the option has.
func (o *AnnotateOption) write(w *values.Writer) {
	if o.Input != nil {
		w.Member("input")
		value(w, o.Input)
	}
	if o.Output != nil {
		w.Member("output")
		value(w, o.Output)
	}
	if len(o.Tags) > 0 || o.SessionID != "" {
		w.Member("tags")
		w.ObjectBegin()
		texts(w, o.Tags)
		if _, has := o.Tags["session_id"]; !has {
			optional(w, "session_id", o.SessionID)
		}
		w.ObjectEnd()
	}
	if len(o.CostTagKeys) > 0 {
		w.Member("cost_tags")
		w.Value(o.CostTagKeys)
	}
	if len(o.Metadata) > 0 {
		w.Member("metadata")
		w.Value(o.Metadata)
	}
	if len(o.Metrics) > 0 {
		w.Member("metrics")
		w.ObjectBegin()
		for name, number := range o.Metrics {
			w.Key(name)
			w.Float(number)
		}
		w.ObjectEnd()
	}
	writeText(w, "intent", hasIntent, o.Intent)
	if o.Prompt != nil {
		w.Member("prompt")
		prompt(w, o.Prompt)
	}
	if o.ToolDefinitions != nil {
		w.Member("tool_definitions")
		w.Value(o.ToolDefinitions)
	}
	if o.Agent != nil {
		w.Member("agent")
		w.Value(o.Agent)
	}
	writeText(w, "integration", hasIntegration, o.Integration)
	if len(o.Links) > 0 {
		w.Member("links")
		links(w, o.Links)
	}
}

// value writes an input or output: messages and documents by hand, anything else as it is.
func value(w *values.Writer, given any) {
	switch of := given.(type) {
	case []LLMMessage:
		messageList(w, of)
	case LLMMessage:
		messageList(w, []LLMMessage{of})
	default:
		w.Value(given)
	}
}

func prompt(w *values.Writer, of *Prompt) {
	if len(of.ChatTemplateItems) == 0 {
		w.Value(of)
		return
	}
	// The items are a chat template that may have placeholders.
	given := *of
	given.ChatTemplate = nil
	w.Value(struct {
		Prompt
		Items []ChatTemplateItem `json:"chat_template"`
	}{given, of.ChatTemplateItems})
}

func links(w *values.Writer, of []SpanLink) {
	w.ArrayBegin()
	for _, link := range of {
		if !w.Item() {
			break
		}
		w.ObjectBegin()
		w.Key("trace_id")
		w.Text(fmt.Sprintf("%016x%016x", link.TraceIDHigh, link.TraceID))
		w.Key("span_id")
		w.Text(strconv.FormatUint(link.SpanID, 10))
		attributes := link.Attributes
		if link.Tracestate != "" || link.Flags != 0 {
			attributes = maps.Clone(attributes)
			if attributes == nil {
				attributes = map[string]string{}
			}
			if link.Tracestate != "" {
				attributes["tracestate"] = link.Tracestate
			}
			if link.Flags != 0 {
				attributes["flags"] = strconv.FormatUint(uint64(link.Flags), 10)
			}
		}
		if len(attributes) > 0 {
			w.Key("attributes")
			w.ObjectBegin()
			texts(w, attributes)
			w.ObjectEnd()
		}
		w.ObjectEnd()
	}
	w.ArrayEnd()
}
