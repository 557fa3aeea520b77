// Messages in the form that a span has, and the builder that sorts what was said into them.

package provider

import (
	"encoding/json"
	"strings"
)

// A Message is one message of an llm span.
type Message struct {
	Role        string       `json:"role"`
	Content     string       `json:"content"`
	ToolCalls   []ToolCall   `json:"tool_calls,omitempty"`
	ToolResults []ToolResult `json:"tool_results,omitempty"`
	ImageParts  []Media      `json:"image_parts,omitempty"`
	AudioParts  []Media      `json:"audio_parts,omitempty"`
}

// A ToolCall is what a model wants to have called. Arguments is an object, or text as the model wrote it.
type ToolCall struct {
	Name      string `json:"name"`
	Arguments any    `json:"arguments,omitempty"`
	ToolID    string `json:"tool_id,omitempty"`
	Type      string `json:"type,omitempty"`
}

// A ToolResult is what a tool answered.
type ToolResult struct {
	Result string `json:"result"`
	Name   string `json:"name,omitempty"`
	ToolID string `json:"tool_id,omitempty"`
	Type   string `json:"type,omitempty"`
}

// Media is a picture or a sound; Content is in base64.
type Media struct {
	MIMEType string `json:"mime_type"`
	Content  string `json:"content"`
}

// A Document is one text that is embedded.
type Document struct {
	Text string `json:"text"`
}

// A ToolDefinition is a tool that a model may call.
type ToolDefinition struct {
	Name        string          `json:"name"`
	Description string          `json:"description,omitempty"`
	Schema      json.RawMessage `json:"schema,omitempty"`
}

// Roles that have a meaning here. Any other role stays as it is.
const (
	roleUser      = "user"
	roleSystem    = "system"
	roleAssistant = "assistant"
	roleTool      = "tool"
	// What a model thought is never part of its answer: it has messages of its own.
	roleReasoning = "reasoning"
)

// A builder makes the messages of one turn. Reasoning splits a turn, so that all stays in order.
type builder struct {
	role string
	done []Message
	now  Message
	said strings.Builder
	used bool
	// thinks: the message that has begun is reasoning.
	thinks bool
	// glued: the next text continues the one before it.
	glued bool
}

func turn(role string) *builder {
	return &builder{role: role}
}

// message is the one that has begun, and is not reasoning.
func (b *builder) message() *Message {
	if b.thinks {
		b.end()
	}
	b.used = true
	return &b.now
}

func (b *builder) text(said string) {
	if said == "" {
		return
	}
	b.message()
	// A model's answer in several blocks is one text, which providers cut where a citation begins. The blocks of
	// anybody else are pieces of their own.
	b.add(said, b.glued && b.role == roleAssistant)
	b.glued = true
}

func (b *builder) add(said string, glued bool) {
	if b.said.Len() > 0 && !glued {
		b.said.WriteByte('\n')
	}
	b.said.WriteString(said)
}

// other is a part that no rule knows.
func (b *builder) other(value any) {
	b.glued = false
	b.text(asText(value))
	b.glued = false
}

func (b *builder) reasoning(thought string) {
	if thought == "" {
		return
	}
	if !b.thinks {
		b.end()
		b.used, b.thinks = true, true
	}
	b.add(thought, false)
}

func (b *builder) call(call ToolCall) {
	now := b.message()
	now.ToolCalls = append(now.ToolCalls, call)
	b.glued = false
}

func (b *builder) result(result ToolResult) {
	now := b.message()
	now.ToolResults = append(now.ToolResults, result)
	b.glued = false
}

// media keeps bytes of a picture or a sound.
func (b *builder) media(format, data string) {
	b.file("", format, data)
}

// file keeps bytes. A message has no member for those of other files than pictures and sounds: of those it says
// the name, the format and the size.
func (b *builder) file(name, format, data string) {
	kind, _, _ := strings.Cut(format, "/")
	switch kind {
	case "image":
		now := b.message()
		now.ImageParts = append(now.ImageParts, Media{format, data})
	case "audio":
		now := b.message()
		now.AudioParts = append(now.AudioParts, Media{format, data})
	default:
		b.other(told("file", name, format, sizeOf(data)))
	}
}

// address is a picture, sound or file by its address; a data: address holds the bytes.
func (b *builder) address(kind, address string) {
	if format, data, inline := inlined(address); inline {
		b.media(format, data)
		return
	}
	b.other(told(kind, address))
}

// inlined gives the bytes in a data: address.
func inlined(address string) (format, data string, ok bool) {
	rest, ok := strings.CutPrefix(address, "data:")
	if !ok {
		return "", "", false
	}
	if format, data, ok = strings.Cut(rest, ","); ok {
		format, ok = strings.CutSuffix(format, ";base64")
	}
	return format, data, ok
}

// told is a text such as [file: a.pdf, 3 bytes].
func told(kind string, about ...string) string {
	var known []string
	for _, each := range about {
		if each != "" {
			known = append(known, each)
		}
	}
	return "[" + kind + ": " + strings.Join(known, ", ") + "]"
}

func (b *builder) end() {
	if b.used {
		b.now.Role, b.now.Content = b.role, b.said.String()
		if b.thinks {
			b.now.Role = roleReasoning
		}
		b.done = append(b.done, b.now)
	}
	b.said.Reset()
	b.now, b.used, b.thinks, b.glued = Message{}, false, false, false
}

// messages ends the turn. One in which nothing was said is an empty message: that it was there is known.
func (b *builder) messages() []Message {
	b.end()
	if len(b.done) == 0 {
		return []Message{{Role: b.role}}
	}
	return b.done
}
