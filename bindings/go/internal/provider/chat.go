// OpenAI's chat completions and the older completions, as many servers have them.

package provider

import "sort"

type chat struct{}

func (chat) request(c *Call, body map[string]any) {
	c.Input = append(c.Input, chatMessages(body["messages"], roleUser)...)
	if prompt := body["prompt"]; prompt != nil {
		c.Input = append(c.Input, prompts(prompt)...)
	}
	c.tools(body["tools"])
	c.tools(body["functions"])
	c.settings(body, "messages", "prompt", "tools", "functions")
}

// prompts reads what is completed: a text, a list of texts, or numbers of tokens.
func prompts(prompt any) (out []Message) {
	for _, each := range documents(prompt) {
		out = append(out, Message{Role: roleUser, Content: each.Text})
	}
	return out
}

// chatMessages reads a list of messages, or whatever stands in its place.
func chatMessages(value any, role string) (out []Message) {
	messages, several := value.([]any)
	if !several && value != nil {
		messages = []any{value}
	}
	for _, each := range messages {
		out = append(out, chatMessage(each, role)...)
	}
	return out
}

// chatMessage reads a message of a request or an answer.
func chatMessage(value any, role string) []Message {
	message := object(value)
	if message == nil {
		out := turn(role)
		out.content(value)
		return out.messages()
	}
	if said := str(message["role"]); said != "" {
		role = said
	}
	out := turn(role)
	if role == roleTool || role == "function" {
		said, pictures := flat(message["content"])
		out.result(ToolResult{
			Result: said, Name: str(message["name"]), ToolID: str(message["tool_call_id"]), Type: "tool_result",
		})
		out.now.ImageParts = pictures
		return out.messages()
	}
	// Servers name what a model thought in these two ways.
	out.reasoning(firstText(message, "reasoning_content", "reasoning"))
	out.content(message["content"])
	out.other(message["refusal"])
	if audio := object(message["audio"]); audio != nil {
		out.other(audio["transcript"])
		if data := str(audio["data"]); data != "" {
			out.media("audio/"+str(audio["format"]), data)
		}
	}
	for _, call := range list(message["tool_calls"]) {
		out.toolCall(call)
	}
	if call := object(message["function_call"]); call != nil {
		out.toolCall(call)
	}
	return out.messages()
}

func (chat) answer(c *Call, body map[string]any) {
	choices := list(body["choices"])
	var reasons []string
	for _, each := range choices {
		choice := object(each)
		if message := object(choice["message"]); message != nil {
			if audio := object(message["audio"]); audio != nil && audio["format"] == nil {
				// An answer does not say the format: it is the one that was asked for.
				asked := object(c.Metadata["audio"])
				message["audio"] = mergedWith(audio, map[string]any{"format": asked["format"]})
			}
			c.Output = append(c.Output, chatMessage(message, roleAssistant)...)
		} else if text, ok := choice["text"].(string); ok {
			c.Output = append(c.Output, Message{Role: roleAssistant, Content: text})
		} else {
			out := turn(roleAssistant)
			out.other(each)
			c.Output = append(c.Output, out.messages()...)
		}
		if reason := str(choice["finish_reason"]); reason != "" {
			reasons = append(reasons, reason)
		}
	}
	c.finishReasons(reasons)
	c.note(body, "system_fingerprint", "service_tier")
	c.note(map[string]any{"response_id": body["id"]}, "response_id")
	c.openAIUsage(object(body["usage"]))
}

func (chat) stream(c *Call) assembler {
	return &chatStream{call: c, choices: map[string]*chatChoice{}}
}

// A chatStream puts the deltas of each choice together.
type chatStream struct {
	call    *Call
	last    map[string]any // the members beside the choices, as they came last
	choices map[string]*chatChoice
	order   []string
	kept    int
}

type chatChoice struct {
	texts    map[string]*text // content, reasoning, refusal, … by name
	role     string
	parts    []any // content that came as parts
	calls    []*chatCall
	audio    map[string]*text
	finish   string
	isChat   bool
	hasAudio bool
}

type chatCall struct {
	index, id, kind, member, name string
	arguments                     text
}

func (s *chatStream) event(data map[string]any) (said, over bool) {
	if s.last == nil {
		s.last = map[string]any{}
	}
	for _, name := range []string{"id", "model", "usage", "system_fingerprint", "service_tier"} {
		if value := data[name]; value != nil {
			s.last[name] = value
		}
	}
	for _, each := range list(data["choices"]) {
		given := object(each)
		choice := s.choice(asText(given["index"]))
		if reason := str(given["finish_reason"]); reason != "" {
			choice.finish = reason
		}
		if piece := str(given["text"]); piece != "" {
			s.add(choice.texts, "text", piece)
			said = true
		}
		// Some servers close a stream with a whole message.
		delta := object(first(given, "delta", "message"))
		if delta != nil {
			choice.isChat = true
			said = s.delta(choice, delta) || said
		}
	}
	return said, false
}

func (s *chatStream) choice(index string) *chatChoice {
	found := s.choices[index]
	if found == nil {
		found = &chatChoice{texts: map[string]*text{}, audio: map[string]*text{}}
		if room(s.call, &s.kept, entry) {
			s.choices[index] = found
			s.order = append(s.order, index)
		}
	}
	return found
}

func (s *chatStream) add(to map[string]*text, name, piece string) {
	if to[name] == nil {
		to[name] = &text{}
	}
	to[name].add(s.call, &s.kept, piece)
}

func (s *chatStream) delta(choice *chatChoice, delta map[string]any) (said bool) {
	if role := str(delta["role"]); role != "" {
		choice.role = role
	}
	for _, name := range []string{"content", "reasoning_content", "reasoning", "refusal"} {
		if piece := str(delta[name]); piece != "" {
			s.add(choice.texts, name, piece)
			said = true
		}
	}
	for _, part := range list(delta["content"]) {
		said = true
		s.part(choice, part)
	}
	if audio := object(delta["audio"]); audio != nil {
		choice.hasAudio = true
		for _, name := range []string{"data", "transcript"} {
			if piece := str(audio[name]); piece != "" {
				s.add(choice.audio, name, piece)
				said = true
			}
		}
	}
	calls := list(delta["tool_calls"])
	if legacy := object(delta["function_call"]); legacy != nil {
		calls = append(calls, map[string]any{"index": nil, "type": "", "function": legacy})
	}
	for _, call := range calls {
		said = true
		s.toolCall(choice, object(call))
	}
	return said
}

// part takes content that comes in parts, as Mistral's: text continues text.
func (s *chatStream) part(choice *chatChoice, part any) {
	given := object(part)
	switch str(given["type"]) {
	case "text":
		s.add(choice.texts, "content", str(given["text"]))
	case "thinking":
		s.add(choice.texts, "reasoning_content", thoughtIn(given))
	default:
		if room(s.call, &s.kept, len(jsonText(part))) {
			choice.parts = append(choice.parts, part)
		}
	}
}

func (s *chatStream) toolCall(choice *chatChoice, given map[string]any) {
	member, inner := "function", object(given["function"])
	if custom := object(given["custom"]); custom != nil {
		member, inner = "custom", custom
	}
	name, id := str(inner["name"]), str(given["id"])
	call := choice.callAt(asText(given["index"]), id, name)
	if call == nil {
		if call = (&chatCall{index: asText(given["index"])}); room(s.call, &s.kept, entry) {
			choice.calls = append(choice.calls, call)
		}
	}
	call.member = member
	if id != "" {
		call.id = id
	}
	if kind := str(given["type"]); kind != "" {
		call.kind = kind
	}
	if call.name != name { // some servers repeat the name with each piece
		call.name += name
	}
	if arguments := first(inner, "arguments", "input"); arguments != nil {
		call.arguments.add(s.call, &s.kept, asText(arguments))
	}
}

// callAt finds the call that a piece belongs to: by its index, and where servers give none, or the same to all
// calls, by whether a new id comes with a name. Nil if it begins a new one.
func (c *chatChoice) callAt(index, id, name string) *chatCall {
	for at := len(c.calls) - 1; at >= 0; at-- {
		call := c.calls[at]
		if index == "" || call.index == index {
			if id != "" && call.id != "" && id != call.id && name != "" {
				return nil
			}
			return call
		}
	}
	return nil
}

func (s *chatStream) whole() map[string]any {
	if s.last == nil {
		return nil
	}
	// Choices may come in any order.
	sort.SliceStable(s.order, func(a, b int) bool {
		return len(s.order[a]) < len(s.order[b]) || len(s.order[a]) == len(s.order[b]) && s.order[a] < s.order[b]
	})
	var choices []any
	for _, index := range s.order {
		choices = append(choices, s.choices[index].whole())
	}
	return mergedWith(s.last, map[string]any{"choices": choices})
}

func (c *chatChoice) whole() map[string]any {
	if !c.isChat {
		return map[string]any{"text": c.texts["text"].string(), "finish_reason": c.finish}
	}
	message := map[string]any{"role": c.role}
	for name, said := range c.texts {
		message[name] = said.string()
	}
	if len(c.parts) > 0 {
		message["content"] = append(c.parts, map[string]any{"type": "text", "text": str(message["content"])})
	}
	if c.hasAudio {
		message["audio"] = map[string]any{
			"data": c.audio["data"].string(), "transcript": c.audio["transcript"].string(),
		}
	}
	var calls []any
	for _, call := range c.calls {
		inner := map[string]any{"name": call.name, "arguments": call.arguments.string()}
		calls = append(calls, map[string]any{"id": call.id, "type": call.kind, call.member: inner})
	}
	message["tool_calls"] = calls
	return map[string]any{"message": message, "finish_reason": c.finish}
}
