// The parts of a message in OpenAI's and Anthropic's forms. Servers mix the two, so there is one reader.

package provider

import (
	"encoding/base64"
	"strconv"
	"strings"
)

// content reads the content of a message: a text, null, a part, or a list of parts.
func (b *builder) content(value any) {
	switch value := value.(type) {
	case nil:
	case string:
		b.text(value)
	case []any:
		for _, each := range value {
			b.part(each)
		}
	default:
		b.part(value)
	}
}

func (b *builder) part(value any) {
	part := object(value)
	if part == nil {
		b.content(asText(value))
		return
	}
	if !b.knownPart(part, str(part["type"])) {
		b.other(part)
	}
}

// knownPart is false if no rule knows the part, or it lacks what its rule needs.
func (b *builder) knownPart(part map[string]any, kind string) bool {
	switch kind {
	case "thinking", "reasoning", "reasoning_text", "summary_text":
		b.reasoning(thoughtIn(part))
		return true
	case "redacted_thinking":
		b.reasoning("[redacted]")
		return true
	case "image_url", "input_image", "computer_screenshot":
		address := firstText(part, "image_url", "file_id")
		if address == "" {
			address = str(object(part["image_url"])["url"])
		}
		if address != "" {
			b.address("image", address)
		}
		return address != ""
	case "image", "document":
		return b.source(kind, part)
	case "input_audio":
		sound := object(part["input_audio"])
		data := str(sound["data"])
		if data != "" {
			b.media("audio/"+str(sound["format"]), data)
		}
		return data != ""
	case "file", "input_file":
		return b.fileIn(part)
	}
	switch {
	case strings.HasSuffix(kind, "tool_use") && str(part["name"]) != "":
		b.call(ToolCall{
			Name: str(part["name"]), Arguments: part["input"], ToolID: str(part["id"]), Type: kind,
		})
		return true
	case strings.HasSuffix(kind, "tool_result"):
		b.toolResult(part)
		return true
	}
	if refusal := str(part["refusal"]); refusal != "" {
		b.other(refusal)
		return true
	}
	said, isText := part["text"].(string)
	b.text(said)
	return isText
}

// thoughtIn reads a part that is reasoning: Anthropic's, OpenAI's, or Mistral's with parts of its own.
func thoughtIn(part map[string]any) string {
	if said := firstText(part, "thinking", "text", "reasoning"); said != "" {
		return said
	}
	var thoughts []string
	for _, name := range []string{"thinking", "summary", "content"} {
		for _, each := range list(part[name]) {
			if said := firstText(object(each), "text", "thinking"); said != "" {
				thoughts = append(thoughts, said)
			}
		}
	}
	return strings.Join(thoughts, "\n")
}

// source reads Anthropic's images and documents.
func (b *builder) source(kind string, part map[string]any) bool {
	b.other(part["title"])
	b.other(part["context"])
	source := object(part["source"])
	switch str(source["type"]) {
	case "base64":
		b.media(str(source["media_type"]), str(source["data"]))
	case "text":
		b.other(str(source["data"]))
	case "content":
		b.content(source["content"])
	case "url":
		b.address(kind, str(source["url"]))
	case "file":
		b.address(kind, str(source["file_id"]))
	default:
		return false
	}
	return true
}

// fileIn reads OpenAI's files, whose members chat completions have one level deeper.
func (b *builder) fileIn(part map[string]any) bool {
	if inner := object(part["file"]); inner != nil {
		part = inner
	}
	name, place := str(part["filename"]), firstText(part, "file_url", "file_id", "file_data")
	format, data, inline := inlined(place)
	switch {
	case place == "":
		return false
	case inline:
		b.file(name, format, data)
	case place == str(part["file_data"]):
		b.file(name, "", place)
	default:
		b.other(told("file", name, place))
	}
	return true
}

// toolResult reads Anthropic's results of tools, of which the provider ran some itself.
func (b *builder) toolResult(part map[string]any) {
	said, pictures := flat(part["content"])
	if failed, _ := part["is_error"].(bool); failed {
		said = "[error] " + said
	}
	b.result(ToolResult{Result: said, ToolID: str(part["tool_use_id"]), Type: "tool_result"})
	b.now.ImageParts = append(b.now.ImageParts, pictures...)
}

// flat is content as one text, with its pictures: a result has no parts.
func flat(content any) (said string, pictures []Media) {
	inner := turn(roleTool)
	inner.content(content)
	var texts []string
	for _, each := range inner.messages() {
		if each.Content != "" {
			texts = append(texts, each.Content)
		}
		for _, result := range each.ToolResults {
			texts = append(texts, result.Result)
		}
		if len(each.ToolCalls) > 0 {
			texts = append(texts, jsonText(each.ToolCalls))
		}
		pictures = append(append(pictures, each.ImageParts...), each.AudioParts...)
	}
	return strings.Join(texts, "\n"), pictures
}

// toolCall reads a call in OpenAI's form: of a function or of a custom tool, or one level higher.
func (b *builder) toolCall(value any) {
	call := object(value)
	kind := str(call["type"])
	inner := call
	for _, name := range []string{"function", "custom"} {
		if found := object(call[name]); found != nil {
			inner = found
		}
	}
	name := str(inner["name"])
	if name == "" {
		b.other(value)
		return
	}
	b.call(ToolCall{
		Name: name, Arguments: first(inner, "arguments", "input"), ToolID: firstText(call, "id", "call_id"), Type: kind,
	})
}

func sizeOf(data string) string {
	return strconv.Itoa(base64.StdEncoding.DecodedLen(len(strings.TrimRight(data, "=")))) + " bytes"
}
