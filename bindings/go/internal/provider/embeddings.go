// Embeddings of OpenAI and Google. Of the answer only the number and the size of the vectors is kept.

package provider

import (
	"encoding/base64"
	"fmt"
	"strings"
)

type embeddings struct{}

func (embeddings) request(c *Call, body map[string]any) {
	c.Documents = documents(body["input"])
	c.settings(body, "input")
}

// documents reads what is embedded: a text, a list of them, or numbers of tokens, one text or a list.
func documents(input any) (out []Document) {
	items, several := input.([]any)
	if len(items) > 0 {
		_, tokens := number(items[0])
		several = !tokens
	}
	switch {
	case input == nil:
		return nil
	case !several:
		return []Document{{asText(input)}}
	}
	for _, each := range items {
		out = append(out, Document{asText(each)})
	}
	return out
}

func (embeddings) answer(c *Call, body map[string]any) {
	data := list(body["data"])
	size := 0
	if len(data) > 0 {
		switch vector := object(data[0])["embedding"].(type) {
		case []any:
			size = len(vector)
		case string: // floats of four bytes, in base64
			size = base64.RawStdEncoding.DecodedLen(len(strings.TrimRight(vector, "="))) / 4
		}
	}
	c.embedded(len(data), size)
	c.openAIUsage(object(body["usage"]))
}

func (embeddings) stream(*Call) assembler { return nil }

// embedded says it in the words of Datadog's own libraries.
func (c *Call) embedded(count, size int) {
	if count > 0 {
		c.Embedded = fmt.Sprintf("[%d embedding(s) returned with size %d]", count, size)
	}
}

type googleEmbeddings struct{}

func (googleEmbeddings) request(c *Call, body map[string]any) {
	if content := body["content"]; content != nil {
		c.googleDocument(content)
	}
	for _, each := range list(body["requests"]) {
		one := object(each)
		c.googleDocument(one["content"])
		c.settings(one, "content")
	}
	for _, each := range list(body["instances"]) {
		one := object(each)
		c.googleDocument(first(one, "content", "text"))
		c.settings(one, "content", "text")
	}
	c.settings(object(body["parameters"]))
	c.settings(body, "content", "requests", "instances", "parameters")
}

func (c *Call) googleDocument(content any) {
	said := asText(content)
	if given := object(content); given != nil {
		var texts []string
		for _, part := range list(given["parts"]) {
			if text := str(object(part)["text"]); text != "" {
				texts = append(texts, text)
			} else {
				texts = append(texts, asText(part))
			}
		}
		said = strings.Join(texts, "\n")
	}
	c.Documents = append(c.Documents, Document{said})
}

func (googleEmbeddings) answer(c *Call, body map[string]any) {
	found := list(body["embeddings"])
	if one := object(body["embedding"]); one != nil {
		found = []any{one}
	}
	tokens := 0.0
	for _, each := range list(body["predictions"]) {
		one := object(object(each)["embeddings"])
		found = append(found, one)
		count, _ := number(object(one["statistics"])["token_count"])
		tokens += count
	}
	if tokens > 0 {
		c.Metrics["input_tokens"] = tokens
	}
	if len(found) > 0 {
		c.embedded(len(found), len(list(object(found[0])["values"])))
	}
	c.googleUsage(object(body["usageMetadata"]))
}

func (googleEmbeddings) stream(*Call) assembler { return nil }
