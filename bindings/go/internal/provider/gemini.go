// Google's generateContent, of the Gemini API and of Vertex AI.

package provider

import "strings"

type gemini struct{}

func (gemini) request(c *Call, body map[string]any) {
	if system := first(body, "systemInstruction", "system_instruction"); system != nil {
		c.Input = append(c.Input, geminiContent(system, roleSystem)...)
	}
	switch contents := body["contents"].(type) {
	case nil:
	case []any:
		for _, each := range contents {
			c.Input = append(c.Input, geminiContent(each, roleUser)...)
		}
	default:
		c.Input = append(c.Input, geminiContent(contents, roleUser)...)
	}
	for _, each := range list(body["tools"]) {
		c.geminiTools(object(each))
	}
	c.settings(object(first(body, "generationConfig", "generation_config")))
	c.settings(body, "contents", "systemInstruction", "system_instruction", "tools", "generationConfig")
}

func (c *Call) geminiTools(tool map[string]any) {
	for name, value := range tool {
		functions := list(value)
		if snake(name) != "function_declarations" {
			// A tool that Google runs itself has a name and settings.
			c.Tools = append(c.Tools, ToolDefinition{Name: snake(name)})
			continue
		}
		for _, each := range functions {
			function := object(each)
			if name := str(function["name"]); name != "" {
				schema := first(function, "parameters", "parametersJsonSchema", "parameters_json_schema")
				c.Tools = append(c.Tools, ToolDefinition{name, str(function["description"]), schemaOf(schema)})
			}
		}
	}
}

// geminiContent reads one turn. The role `model` is what others call `assistant`, and results of functions come
// from the application as a tool.
func geminiContent(value any, role string) []Message {
	content := object(value)
	if content == nil {
		out := turn(role)
		out.other(value)
		return out.messages()
	}
	if said := str(content["role"]); said != "" && role != roleSystem {
		role = said
	}
	if role == "model" {
		role = roleAssistant
	}
	out := turn(role)
	parts, ok := content["parts"].([]any)
	if !ok && content["parts"] != nil {
		parts = []any{content["parts"]}
	}
	for _, each := range parts {
		part := object(each)
		if part == nil || !out.geminiPart(part) {
			out.other(each)
		}
	}
	done := out.messages()
	for at := range done {
		results := done[at].ToolResults
		if len(results) > 0 && done[at].Content == "" && role != roleAssistant {
			done[at].Role = roleTool
		}
	}
	return done
}

func (b *builder) geminiPart(part map[string]any) bool {
	if said, ok := part["text"].(string); ok {
		if thought, _ := part["thought"].(bool); thought {
			b.reasoning(said)
		} else {
			b.text(said)
		}
		return true
	}
	if data := object(first(part, "inlineData", "inline_data")); data != nil {
		b.media(firstText(data, "mimeType", "mime_type"), str(data["data"]))
		return true
	}
	if file := object(first(part, "fileData", "file_data")); file != nil {
		kind, _, _ := strings.Cut(firstText(file, "mimeType", "mime_type"), "/")
		if kind != "image" && kind != "audio" && kind != "video" {
			kind = "file"
		}
		b.address(kind, firstText(file, "fileUri", "file_uri"))
		return true
	}
	if call := object(first(part, "functionCall", "function_call")); str(call["name"]) != "" {
		b.call(ToolCall{Name: str(call["name"]), Arguments: call["args"], ToolID: str(call["id"]), Type: "function_call"})
		return true
	}
	if result := object(first(part, "functionResponse", "function_response")); result != nil {
		b.result(ToolResult{
			Result: asText(result["response"]), Name: str(result["name"]), ToolID: str(result["id"]), Type: "tool_result",
		})
		for _, each := range list(result["parts"]) {
			if inner := object(each); inner == nil || !b.geminiPart(inner) {
				b.other(each)
			}
		}
		return true
	}
	if code := object(first(part, "executableCode", "executable_code")); code != nil {
		b.call(ToolCall{Name: "code_execution", Arguments: code, Type: "executable_code"})
		return true
	}
	if result := object(first(part, "codeExecutionResult", "code_execution_result")); result != nil {
		said := str(result["output"])
		if outcome := str(result["outcome"]); outcome != "" && outcome != "OUTCOME_OK" {
			said = "[" + outcome + "] " + said
		}
		b.result(ToolResult{Result: said, Name: "code_execution", Type: "code_execution_result"})
		return true
	}
	// A signature alone says nothing.
	return len(without(part, "thoughtSignature", "thought_signature", "thought")) == 0
}

func (gemini) answer(c *Call, body map[string]any) {
	var reasons []string
	for _, each := range list(body["candidates"]) {
		candidate := object(each)
		if content := candidate["content"]; content != nil {
			c.Output = append(c.Output, geminiContent(content, roleAssistant)...)
		}
		if reason := str(candidate["finishReason"]); reason != "" {
			reasons = append(reasons, reason)
		}
	}
	c.finishReasons(reasons)
	c.note(map[string]any{
		"response_id": body["responseId"], "prompt_feedback": body["promptFeedback"],
	}, "response_id", "prompt_feedback")
	c.googleUsage(object(body["usageMetadata"]))
}

func (gemini) stream(c *Call) assembler {
	return &geminiStream{call: c, candidates: map[string]*geminiCandidate{}}
}

// A geminiStream joins the parts that the answers of a stream have: each is an answer of its own.
type geminiStream struct {
	call       *Call
	last       map[string]any
	candidates map[string]*geminiCandidate
	order      []string
	kept       int
}

type geminiCandidate struct {
	parts  []any
	texts  []*text // of the part at the same place, if it is a text
	finish any
	role   any
}

func (s *geminiStream) event(data map[string]any) (said, over bool) {
	s.last = mergedWith(s.last, without(data, "candidates"))
	for _, each := range list(data["candidates"]) {
		given := object(each)
		index := asText(given["index"])
		if index == "" {
			index = "0"
		}
		candidate := s.candidates[index]
		if candidate == nil {
			candidate = &geminiCandidate{}
			if room(s.call, &s.kept, entry) {
				s.candidates[index] = candidate
				s.order = append(s.order, index)
			}
		}
		if reason := given["finishReason"]; reason != nil {
			candidate.finish = reason
		}
		content := object(given["content"])
		if role := content["role"]; role != nil {
			candidate.role = role
		}
		for _, part := range list(content["parts"]) {
			said = s.part(candidate, part) || said
		}
	}
	return said, false
}

// part adds a part. A text continues the part before it, if both are thoughts or neither is.
func (s *geminiStream) part(to *geminiCandidate, value any) (said bool) {
	part := object(value)
	piece, isText := part["text"].(string)
	if isText && piece == "" {
		return false
	}
	if !isText {
		if room(s.call, &s.kept, entry+len(jsonText(value))) {
			to.parts, to.texts = append(to.parts, value), append(to.texts, nil)
		}
		return true
	}
	thought, _ := part["thought"].(bool)
	last := len(to.parts) - 1
	if last >= 0 && to.texts[last] != nil {
		if before, _ := object(to.parts[last])["thought"].(bool); before == thought {
			to.texts[last].add(s.call, &s.kept, piece)
			return true
		}
	}
	if room(s.call, &s.kept, entry) {
		begun := &text{}
		begun.add(s.call, &s.kept, piece)
		to.parts, to.texts = append(to.parts, map[string]any{"thought": thought}), append(to.texts, begun)
	}
	return true
}

func (s *geminiStream) whole() map[string]any {
	if s.last == nil {
		return nil
	}
	var candidates []any
	for _, index := range s.order {
		found := s.candidates[index]
		parts := make([]any, len(found.parts))
		for at, part := range found.parts {
			if parts[at] = part; found.texts[at] != nil {
				parts[at] = mergedWith(object(part), map[string]any{"text": found.texts[at].string()})
			}
		}
		content := map[string]any{"role": found.role, "parts": parts}
		candidates = append(candidates, map[string]any{"content": content, "finishReason": found.finish})
	}
	return mergedWith(s.last, map[string]any{"candidates": candidates})
}
