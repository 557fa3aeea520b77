// OpenAI's Responses API: its items, in a request and in an answer, as messages.

package provider

import "strings"

type responses struct{}

func (responses) request(c *Call, body map[string]any) {
	c.Input = append(c.Input, items(body["instructions"], roleSystem)...)
	c.Input = append(c.Input, items(body["input"], roleUser)...)
	c.tools(body["tools"])
	c.settings(body, "instructions", "input", "tools")
}

// items reads a text, or a list of items.
func items(value any, role string) (out []Message) {
	if said, ok := value.(string); ok {
		return []Message{{Role: role, Content: said}}
	}
	several, isList := value.([]any)
	if !isList && value != nil {
		several = []any{value}
	}
	for _, each := range several {
		out = append(out, item(each, role)...)
	}
	return out
}

func item(value any, role string) []Message {
	given := object(value)
	kind := str(given["type"])
	switch {
	case given == nil || kind == "message" || kind == "" && given["role"] != nil:
		return chatMessage(value, role)
	case kind == "reasoning":
		if thought := thoughtIn(given); thought != "" {
			return []Message{{Role: roleReasoning, Content: thought}}
		}
		return nil // all of it is encrypted
	case strings.HasSuffix(kind, "_call_output"):
		return callOutput(given, kind)
	case strings.HasSuffix(kind, "_call"):
		return callItem(given, kind)
	}
	if kind == "item_reference" {
		role = roleAssistant
	}
	out := turn(role)
	out.other(given)
	return out.messages()
}

func callOutput(given map[string]any, kind string) []Message {
	out := turn(roleTool)
	said, pictures := flat(given["output"])
	out.result(ToolResult{Result: said, ToolID: str(given["call_id"]), Type: kind})
	out.now.ImageParts = pictures
	return out.messages()
}

// callItem reads a call of a function, or of a tool that the provider ran itself: then what came of it is there, too.
func callItem(given map[string]any, kind string) []Message {
	out := turn(roleAssistant)
	call := ToolCall{Name: str(given["name"]), ToolID: firstText(given, "call_id", "id"), Type: kind}
	if call.Name != "" {
		call.Arguments = first(given, "arguments", "input")
	} else {
		call.Name = strings.TrimSuffix(kind, "_call")
		call.Arguments = without(given, "id", "call_id", "type", "status", "result", "output", "error")
	}
	out.call(call)
	if result := first(given, "output", "error"); result != nil {
		out.result(ToolResult{Result: asText(result), Name: call.Name, ToolID: call.ToolID, Type: "tool_result"})
	}
	if picture := str(given["result"]); picture != "" {
		format := str(given["output_format"])
		if format == "" {
			format = "png"
		}
		out.media("image/"+format, picture)
	}
	return out.messages()
}

func (responses) answer(c *Call, body map[string]any) {
	c.Output = append(c.Output, items(body["output"], roleAssistant)...)
	c.note(body, "status", "incomplete_details", "service_tier")
	c.note(map[string]any{"response_id": body["id"]}, "response_id")
	c.openAIUsage(object(body["usage"]))
}

func (responses) stream(c *Call) assembler {
	return &responsesStream{call: c, items: map[string]*responsesItem{}}
}

// A responsesStream keeps items as they are done, and the pieces of those that are not. Usually the last event has
// the whole answer.
type responsesStream struct {
	call     *Call
	response map[string]any
	last     bool
	items    map[string]*responsesItem
	order    []string
	kept     int
}

type responsesItem struct {
	begun map[string]any
	done  map[string]any
	texts map[string]*text
}

func (s *responsesStream) event(data map[string]any) (said, over bool) {
	kind := str(data["type"])
	if response := object(data["response"]); response != nil {
		s.response = response
		if failed := errorIn(response, s.call.status); failed != nil {
			s.call.Err = failed
		}
		switch kind {
		case "response.completed", "response.incomplete", "response.failed", "response.cancelled":
			s.last = true
			return false, true
		}
		return false, false
	}
	index := asText(data["output_index"])
	switch {
	case index == "":
	case kind == "response.output_item.added":
		s.at(index).begun = s.fitting(object(data["item"]))
		// The name of a tool is said with the item.
		return strings.HasSuffix(str(object(data["item"])["type"]), "_call"), false
	case kind == "response.output_item.done":
		s.at(index).done = s.fitting(object(data["item"]))
		s.at(index).texts = map[string]*text{}
		return true, false
	case strings.HasSuffix(kind, ".delta"):
		piece := str(data["delta"])
		item := s.at(index)
		name := strings.TrimSuffix(strings.TrimPrefix(kind, "response."), ".delta")
		if item.texts[name] == nil {
			item.texts[name] = &text{}
		}
		item.texts[name].add(s.call, &s.kept, piece)
		return piece != "", false
	}
	return false, false
}

func (s *responsesStream) at(index string) *responsesItem {
	found := s.items[index]
	if found == nil {
		found = &responsesItem{texts: map[string]*text{}}
		if room(s.call, &s.kept, entry) {
			s.items[index] = found
			s.order = append(s.order, index)
		}
	}
	return found
}

func (s *responsesStream) fitting(item map[string]any) map[string]any {
	if item == nil || !room(s.call, &s.kept, len(jsonText(item))) {
		return nil
	}
	return item
}

func (s *responsesStream) whole() map[string]any {
	if s.last && len(list(s.response["output"])) > 0 || len(s.order) == 0 {
		return s.response
	}
	var output []any
	for _, index := range s.order {
		output = append(output, s.items[index].whole())
	}
	return mergedWith(s.response, map[string]any{"output": output})
}

func (i *responsesItem) whole() any {
	if i.done != nil {
		return i.done
	}
	item := without(i.begun)
	var parts, thoughts []any
	for name, said := range i.texts {
		switch {
		case strings.HasPrefix(name, "reasoning"):
			thoughts = append(thoughts, map[string]any{"type": "summary_text", "text": said.string()})
		case strings.HasSuffix(name, "_arguments"), name == "mcp_call.arguments":
			item["arguments"] = said.string()
		case name == "custom_tool_call_input":
			item["input"] = said.string()
		case name == "code_interpreter_call_code":
			item["code"] = said.string()
		case name == "refusal":
			parts = append(parts, map[string]any{"type": "refusal", "refusal": said.string()})
		default:
			parts = append(parts, map[string]any{"type": "output_text", "text": said.string()})
		}
	}
	if thoughts != nil {
		item["summary"] = thoughts
		if item["type"] == nil {
			item["type"] = "reasoning"
		}
	}
	if parts != nil {
		item["content"] = parts
		if item["type"] == nil {
			item["type"] = "message"
		}
	}
	return item
}
