// A call of a model: what it was asked, and what it answered.

package provider

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"time"
)

// A Call is one request with its answer. It is for one goroutine at a time.
type Call struct {
	Kind        string // LLM or Embedding
	Name        string // of the span, such as openai.chat.completions
	Model       string // as the answer says it, else as the request does
	Provider    string // openai, anthropic, google, …, in lower case
	Integration string // openai, anthropic or google_genai: whose form the request has

	Input     []Message  // of an llm span
	Documents []Document // of an embedding span
	Output    []Message  // of an llm span
	Embedded  string     // of an embedding span: how many embeddings came, of which size

	// Metadata is what request and answer say beside that, under the provider's names; Google's are written as
	// temperature, top_p, max_output_tokens. Beside those:
	//
	//	finish_reason         why the model stopped; a list if there are several answers
	//	answer_incomplete     true: the application did not read the answer to its end
	//	request_bytes_left_out, answer_bytes_left_out
	//	                      bytes beyond Limit, which were not read
	//	answer_not_read       why nothing is known of the answer
	//	http_status           of an answer that is an error
	Metadata map[string]any

	// Metrics are numbers of tokens, and time_to_first_token in seconds. input_tokens are all tokens of the input:
	// those read from a cache and written to one are among them (OpenAI and Google count so; for Anthropic they are
	// added). output_tokens are all tokens of the output, with those of reasoning (for Google they are added).
	Metrics map[string]float64

	Tools []ToolDefinition

	// Err is what the provider answered instead, or why the stream broke; nil if all went well.
	Err error

	form      form
	begun     time.Time
	status    int
	encoding  string
	whole     buffer // of an answer that is read at its end
	splitter  splitter
	assembler assembler
	over      bool // nothing comes after what was read
	ended     bool
	early     bool // the application did not read to the end
	streams   bool // the request asks for a stream
}

// Request begins a call. Call it when the request is sent: times are counted from here. An empty or broken body is fine.
func (r Route) Request(body []byte) *Call {
	c := &Call{
		Kind: r.kind, Name: r.name, Model: r.model, Provider: r.provider, Integration: r.library,
		Metadata: map[string]any{}, Metrics: map[string]float64{},
		form: r.form, begun: time.Now(), streams: r.streams,
	}
	if len(body) > 0 {
		c.Asked(body, 0)
	}
	return c
}

// Asked gives the body of a request that was not known when it began, and the number of bytes that it was longer.
func (c *Call) Asked(body []byte, leftOut int) {
	if len(body) > Limit {
		leftOut += len(body) - Limit
		body = body[:Limit]
	}
	c.leftOut("request_bytes_left_out", leftOut)
	value, _ := decodeOrMend(body)
	if asked := object(value); asked != nil {
		if model := str(asked["model"]); model != "" {
			c.Model = strings.TrimPrefix(model, "models/") // Google's
		}
		if stream, said := asked["stream"].(bool); said {
			c.streams = c.streams || stream
		}
		c.form.request(c, asked)
	} else if c.Kind == Embedding {
		c.Documents = append(c.Documents, Document{plain(body)})
	} else {
		c.Input = append(c.Input, Message{Role: roleUser, Content: plain(body)})
	}
	if c.streams {
		c.Metadata["stream"] = true
	}
}

// Begin takes the head of the answer. Then Chunk takes the body, as it is read, and End ends it.
func (c *Call) Begin(status int, header http.Header) {
	c.status = status
	c.encoding = strings.ToLower(strings.TrimSpace(header.Get("Content-Encoding")))
	if c.encoding == "identity" {
		c.encoding = ""
	}
	if status >= 400 || c.encoding != "" {
		return
	}
	format, _, _ := strings.Cut(strings.ToLower(header.Get("Content-Type")), ";")
	format = strings.TrimSpace(format)
	switch {
	case format == "application/vnd.amazon.eventstream":
		c.encoding = format
	case c.streams || format == "text/event-stream":
		c.stream(isJSON(format))
	}
}

// stream prepares for a stream of events, or of the elements of a JSON list where the answer is JSON.
func (c *Call) stream(json bool) {
	if json && c.Integration != "google_genai" {
		return // the server does not stream, although it was asked to
	}
	assembler := c.form.stream(c)
	if assembler == nil {
		return
	}
	c.assembler = assembler
	if json {
		c.splitter = &elements{emit: c.event}
	} else {
		c.splitter = &sse{emit: c.event}
	}
}

// Chunk takes the next bytes of the answer's body.
func (c *Call) Chunk(piece []byte) {
	switch {
	case c.ended:
	case c.splitter != nil:
		c.splitter.feed(piece)
	default:
		c.whole.Write(piece)
	}
}

func (c *Call) event(data []byte) {
	if string(bytes.TrimSpace(data)) == "[DONE]" {
		c.over = true
		return
	}
	value, ok := decodeOrMend(data)
	event := object(value)
	if !ok || event == nil {
		return
	}
	if failed := errorIn(event, c.status); failed != nil {
		c.Err = failed
	}
	said, over := c.assembler.event(event)
	if _, known := c.Metrics["time_to_first_token"]; said && !known {
		c.Metrics["time_to_first_token"] = time.Since(c.begun).Seconds()
	}
	c.over = c.over || over
}

// Over says that a stream has said its last word: the application may never read on to its end.
func (c *Call) Over() bool { return c.over }

// Answer takes a whole answer: it is Begin, Chunk and End in one.
func (c *Call) Answer(status int, header http.Header, body []byte) {
	c.Begin(status, header)
	c.Chunk(body)
	c.End(io.EOF)
}

// End ends the call: with io.EOF at the end of the answer, with nil if the application read no further, and with
// the error if there was one, also where there was no answer at all.
func (c *Call) End(err error) {
	if c.ended {
		return
	}
	c.ended = true
	c.early = err == nil
	if err != nil && err != io.EOF && c.Err == nil && !c.over {
		c.Err = err
	}
	if c.splitter != nil {
		c.finishStream()
		return
	}
	c.finishWhole()
}

// cutShort notes that the application read no further.
func (c *Call) cutShort() {
	if c.early {
		c.Metadata["answer_incomplete"] = true
	}
}

func (c *Call) finishStream() {
	if !c.over {
		c.cutShort()
	}
	c.splitter.finish()
	c.leftOut("answer_bytes_left_out", c.splitter.leftOut())
	c.read(c.assembler.whole())
}

func (c *Call) finishWhole() {
	body := c.whole.kept
	c.leftOut("answer_bytes_left_out", c.whole.over)
	if len(body) == 0 && c.status < 400 {
		c.cutShort()
		return
	}
	if c.encoding == "gzip" {
		body = c.unzip(body)
	} else if c.encoding != "" {
		c.Metadata["answer_not_read"] = "it is encoded as " + c.encoding
		body = nil
	}
	if c.status >= 400 {
		c.Metadata["http_status"] = c.status
		c.Err = errorOf(c.status, body)
		return
	}
	if len(body) > 0 {
		c.readWhole(body)
	}
}

func (c *Call) readWhole(body []byte) {
	value, ok := decode(body)
	if !ok {
		// Many read JSON to its last bracket and not to the end of the body, so only this is a sign.
		c.cutShort()
		value, _ = decode(mend(body))
	}
	if answer := object(value); answer != nil {
		if failed := errorIn(answer, c.status); failed != nil {
			c.Err = failed
		}
		c.read(answer)
		return
	}
	// A compressed stream was not split while it came in; a list is Gemini's.
	if c.streams && c.splitter == nil {
		if c.stream(ok); c.splitter != nil {
			c.splitter.feed(body)
			c.finishStream()
			delete(c.Metrics, "time_to_first_token") // it is not known when it came
			return
		}
	}
	if c.Kind == LLM {
		c.Output = append(c.Output, Message{Role: roleAssistant, Content: plain(body)})
	} else {
		c.Embedded = plain(body)
	}
}

func (c *Call) read(answer map[string]any) {
	if answer == nil {
		return
	}
	if model := firstText(answer, "model", "modelVersion"); model != "" {
		c.Model = model
	}
	c.form.answer(c, answer)
}

// unzip reads what the application asked to be compressed; a part of it if only a part came.
func (c *Call) unzip(body []byte) []byte {
	reader, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		c.Metadata["answer_not_read"] = "it is said to be gzip and is not"
		return nil
	}
	var plain buffer
	// One byte more than is kept tells that there was more; a bomb is not read to its end.
	_, _ = io.Copy(&plain, io.LimitReader(reader, Limit+1))
	c.leftOut("answer_bytes_left_out", plain.over)
	return plain.kept
}

func (c *Call) leftOut(name string, count int) {
	if count > 0 {
		before, _ := c.Metadata[name].(int)
		c.Metadata[name] = before + count
	}
}

// A buffer keeps the first Limit bytes and counts the rest.
type buffer struct {
	kept []byte
	over int
}

func (b *buffer) Write(piece []byte) (int, error) {
	room := min(Limit-len(b.kept), len(piece))
	b.kept = append(b.kept, piece[:room]...)
	b.over += len(piece) - room
	return len(piece), nil
}

// plain is a body that is not JSON, as text.
func plain(body []byte) string {
	return strings.ToValidUTF8(string(body), "\uFFFD")
}
