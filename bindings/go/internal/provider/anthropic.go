// Anthropic's messages.

package provider

type anthropic struct{}

func (anthropic) request(c *Call, body map[string]any) {
	if system := body["system"]; system != nil {
		out := turn(roleSystem)
		out.content(system)
		c.Input = append(c.Input, out.messages()...)
	}
	c.Input = append(c.Input, chatMessages(body["messages"], roleUser)...)
	if prompt := body["prompt"]; prompt != nil {
		c.Input = append(c.Input, prompts(prompt)...)
	}
	c.tools(body["tools"])
	c.settings(body, "system", "messages", "prompt", "tools", "mcp_servers")
}

func (anthropic) answer(c *Call, body map[string]any) {
	if body["content"] != nil {
		c.Output = append(c.Output, chatMessage(body, roleAssistant)...)
	}
	c.note(body, "stop_reason", "stop_sequence", "stop_details", "container")
	c.note(map[string]any{"response_id": body["id"]}, "response_id")
	usage := object(body["usage"])
	c.note(usage, "service_tier")
	c.anthropicUsage(usage)
}

func (anthropic) stream(c *Call) assembler {
	return &anthropicStream{call: c, blocks: map[string]*anthropicBlock{}}
}

// An anthropicStream fills the blocks of the message that the stream begins with.
type anthropicStream struct {
	call    *Call
	message map[string]any
	usage   map[string]any
	blocks  map[string]*anthropicBlock
	order   []string
	kept    int
}

type anthropicBlock struct {
	begun map[string]any
	texts map[string]*text // what the deltas add, by the member of the block
}

func (s *anthropicStream) event(data map[string]any) (said, over bool) {
	switch str(data["type"]) {
	case "message_start":
		s.message = object(data["message"])
		s.count(object(s.message["usage"]))
	case "content_block_start":
		block := s.block(asText(data["index"]))
		begun := object(data["content_block"])
		if room(s.call, &s.kept, len(jsonText(begun))) {
			block.begun = begun
		}
		kind := str(begun["type"])
		return kind != "text" && kind != "thinking", false
	case "content_block_delta":
		return s.delta(s.block(asText(data["index"])), object(data["delta"])), false
	case "message_delta":
		s.message = mergedWith(s.message, object(data["delta"]))
		s.count(object(data["usage"]))
	case "message_stop":
		return false, true
	}
	return false, false
}

// count takes usage, which is what was used so far and not what was added.
func (s *anthropicStream) count(usage map[string]any) {
	if s.usage == nil {
		s.usage = map[string]any{}
	}
	for name, value := range usage {
		if value != nil {
			s.usage[name] = value
		}
	}
}

func (s *anthropicStream) block(index string) *anthropicBlock {
	found := s.blocks[index]
	if found == nil {
		found = &anthropicBlock{texts: map[string]*text{}}
		if room(s.call, &s.kept, entry) {
			s.blocks[index] = found
			s.order = append(s.order, index)
		}
	}
	return found
}

// delta adds each text of a delta to the member of that name: text, thinking, partial_json, and what is to come.
func (s *anthropicStream) delta(block *anthropicBlock, delta map[string]any) (said bool) {
	for name, value := range delta {
		piece := str(value)
		if piece == "" || name == "type" || name == "signature" {
			continue
		}
		if block.texts[name] == nil {
			if !room(s.call, &s.kept, entry) {
				continue
			}
			block.texts[name] = &text{}
		}
		block.texts[name].add(s.call, &s.kept, piece)
		said = true
	}
	return said
}

func (s *anthropicStream) whole() map[string]any {
	if s.message == nil {
		return nil
	}
	content := []any{}
	for _, index := range s.order {
		content = append(content, s.blocks[index].whole())
	}
	return mergedWith(s.message, map[string]any{"content": content, "usage": s.usage})
}

func (b *anthropicBlock) whole() map[string]any {
	block := without(b.begun)
	for name, said := range b.texts {
		if name == "partial_json" {
			block["input"] = said.string() // the text of an object is as good as the object
			continue
		}
		block[name] = str(block[name]) + said.string()
	}
	if block["type"] == nil { // its beginning was lost
		block["type"] = "text"
		if block["thinking"] != nil {
			block["type"] = "thinking"
		}
	}
	// A signature is no part of what was said.
	delete(block, "signature")
	return block
}
