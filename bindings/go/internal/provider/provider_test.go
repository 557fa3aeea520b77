// What is recognised, what is mended, and what is bounded.

package provider

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
)

func TestRecognise(t *testing.T) {
	anthropicHeader := http.Header{"Anthropic-Version": {"2023-06-01"}}
	for _, each := range []struct {
		address string
		header  http.Header
		want    string // name, provider and model of the address; empty: passes over
	}{
		{"https://api.openai.com/v1/chat/completions", nil, "openai.chat.completions openai "},
		{"https://api.openai.com/v1/responses", nil, "openai.responses openai "},
		{"https://api.openai.com/v1/responses/resp_1/cancel", nil, ""},
		{"https://api.openai.com/v1/responses/input_tokens", nil, ""},
		{"https://api.openai.com/v1/embeddings/", nil, "openai.embeddings openai "},
		{"https://api.openai.com/v1/audio/speech", nil, ""},
		{"https://acme.openai.azure.com/openai/deployments/my%20gpt/completions?api-version=1", nil, "openai.completions azure_openai my gpt"},
		{"https://acme.openai.azure.com/openai/v1/responses", nil, "openai.responses azure_openai "},
		{"https://gateway.example/openai/deployments/gpt/embeddings", nil, "openai.embeddings azure_openai gpt"},
		{"https://api.deepseek.com/chat/completions", nil, "openai.chat.completions deepseek "},
		{"https://api.deepseek.com/beta/completions", nil, "openai.completions deepseek "},
		{"http://localhost:8000/v1/completions", nil, "openai.completions openai "},
		{"https://generativelanguage.googleapis.com/v1beta/openai/chat/completions", nil, "openai.chat.completions google "},
		{"https://example.org/surveys/7/responses", nil, ""},
		{"https://example.org/embeddings", nil, ""},
		{"https://example.org/v1/messages", nil, ""},
		{"https://api.anthropic.com/v1/messages?beta=true", nil, "anthropic.messages anthropic "},
		{"https://gateway.example/a/v1/messages", anthropicHeader, "anthropic.messages anthropic "},
		{"https://api.anthropic.com/v1/messages/count_tokens", anthropicHeader, ""},
		{"https://api.anthropic.com/v1/messages/batches", anthropicHeader, ""},
		{"https://api.deepseek.com/anthropic/v1/messages", anthropicHeader, "anthropic.messages deepseek "},
		{"https://x/v1/projects/p/locations/l/publishers/anthropic/models/claude:rawPredict", nil, "anthropic.messages anthropic claude"},
		{"https://x/v1/projects/p/locations/l/publishers/meta/models/llama:rawPredict", nil, ""},
		{"https://x/v1beta/models/gemini-2.5-flash:generateContent", nil, "google.generate_content google gemini-2.5-flash"},
		{"https://x/v1beta/models/gemini-2.5-flash:countTokens", nil, ""},
		{"https://x/v1beta/models/e:batchEmbedContents", nil, "google.embed_content google e"},
		{"https://x/v1/publishers/google/models/imagen-4:predict", nil, ""},
		{"https://x:8000/v1/chat/completions", http.Header{"Content-Type": {"multipart/form-data; boundary=x"}}, ""},
		{"https://x/v1/chat/completions", http.Header{"Content-Type": {"application/json; charset=utf-8"}}, "openai.chat.completions openai "},
	} {
		address, err := url.Parse(each.address)
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		if route, known := Recognise("POST", address, each.header); known {
			got = route.name + " " + route.provider + " " + route.model
		}
		if got != each.want {
			t.Errorf("%s: got %q, want %q", each.address, got, each.want)
		}
		if _, known := Recognise("GET", address, each.header); known {
			t.Errorf("GET %s is recognised", each.address)
		}
	}
	if _, known := Recognise("POST", nil, nil); known {
		t.Error("no address is recognised")
	}
}

func TestMend(t *testing.T) {
	whole := `{"a": "xé\n\"\u00e9", "b": [1, {"c": null}, "d"], "e": {}, "f": -1.5}`
	for at := 1; at <= len(whole); at++ {
		mended := mend([]byte(whole[:at]))
		if !json.Valid(mended) {
			t.Errorf("%q is mended to %q", whole[:at], mended)
		}
	}
	if got := string(mend([]byte(`{"messages": [{"content": "Hello wor`))); got != `{"messages": [{"content": "Hello wor"}]}` {
		t.Error(got)
	}
	for _, odd := range []string{"", "]", "}{", `"`, `{"`, "nonsense", "\\", `"\u`} {
		_ = mend([]byte(odd))
	}
}

func begin(t *testing.T, address, request string) *Call {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	route, known := Recognise("POST", parsed, nil)
	if !known {
		t.Fatal(address)
	}
	return route.Request([]byte(request))
}

const chatAt = "https://api.openai.com/v1/chat/completions"

var (
	eventStream = http.Header{"Content-Type": {"text/event-stream"}}
	jsonAnswer  = http.Header{"Content-Type": {"application/json"}}
)

func TestARequestBeyondTheLimitIsReadAsFarAsItIsKept(t *testing.T) {
	call := begin(t, chatAt, `{"model":"m","messages":[{"role":"user","content":"`+strings.Repeat("x", Limit)+`"}]}`)
	if call.Model != "m" || len(call.Input) != 1 || len(call.Input[0].Content) < Limit-100 {
		t.Error(call.Model, len(call.Input))
	}
	if left := call.Metadata["request_bytes_left_out"]; left != 55 {
		t.Error(left)
	}
}

func TestAnAnswerBeyondTheLimitIsCounted(t *testing.T) {
	call := begin(t, chatAt, `{}`)
	call.Answer(200, jsonAnswer, []byte(`{"choices":[{"message":{"content":"`+strings.Repeat("x", Limit)+`"}}]}`))
	if len(call.Output) != 1 || len(call.Output[0].Content) < Limit-100 || call.Metadata["answer_bytes_left_out"] == nil {
		t.Error(len(call.Output), call.Metadata)
	}

	call = begin(t, chatAt, `{"stream":true}`)
	call.Begin(200, eventStream)
	piece := []byte(`data: {"choices":[{"delta":{"content":"` + strings.Repeat("é", 1<<19) + `"}}]}` + "\n\n")
	for range 10 {
		call.Chunk(piece)
	}
	call.Chunk([]byte("data: " + strings.Repeat("y", 2*Limit) + "\n\n"))
	call.End(io.EOF)
	said := call.Output[0].Content
	if len(said) > Limit || len(said) < Limit-2000 || call.Metadata["answer_bytes_left_out"].(int) < 2<<20+Limit {
		t.Error(len(said), call.Metadata)
	}
}

// A stream that never ends and says nothing takes no more memory than one that says much.
func TestAStreamOfEmptyPartsIsBounded(t *testing.T) {
	for address, event := range map[string]string{
		chatAt:                                            `{"choices":[{"index":%d,"delta":{"tool_calls":[{"index":%[1]d}]}}]}`,
		"https://api.openai.com/v1/responses":             `{"type":"response.output_text.delta","output_index":%d,"delta":""}`,
		"https://api.anthropic.com/v1/messages":           `{"type":"content_block_start","index":%d}`,
		"https://x/v1beta/models/g:streamGenerateContent": `{"candidates":[{"index":%d}]}`,
		"https://x/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse": `{"candidates":[{"index":0,"content":{"parts":[{"x":%d}]}}]}`,
	} {
		call := begin(t, address, `{"stream":true}`)
		call.Begin(200, eventStream)
		for at := range 35_000 {
			fmt.Fprintf(chunks{call}, "data: "+event+"\n\n", at)
		}
		call.End(io.EOF)
		if call.Metadata["answer_bytes_left_out"] == nil {
			t.Error(address, "is not bounded")
		}
	}
}

type chunks struct{ call *Call }

func (c chunks) Write(p []byte) (int, error) {
	c.call.Chunk(p)
	return len(p), nil
}

func zipped(text string) []byte {
	var out bytes.Buffer
	writer := gzip.NewWriter(&out)
	_, _ = writer.Write([]byte(text))
	_ = writer.Close()
	return out.Bytes()
}

func TestAnEncodedAnswer(t *testing.T) {
	const whole = `{"choices":[{"message":{"content":"Hi"}}]}`
	const stream = "data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\ndata: [DONE]\n\n"
	for _, each := range []struct {
		encoding string
		body     []byte
		want     string
	}{
		{"gzip", zipped(whole), "Hi"},
		{"GZIP", zipped(stream), "Hi"},
		{"identity", []byte(whole), "Hi"},
		{"gzip", []byte(whole), ""},
		{"br", []byte("\x0b\x02"), ""},
		{"gzip", zipped(strings.Repeat(" ", 3*Limit)), ""},
	} {
		call := begin(t, chatAt, `{"stream":true}`)
		header := http.Header{"Content-Type": {"application/json"}, "Content-Encoding": {each.encoding}}
		call.Answer(200, header, each.body)
		got := ""
		for _, message := range call.Output {
			got += strings.TrimSpace(message.Content)
		}
		if got != each.want {
			t.Errorf("%s: %q", each.encoding, got)
		}
		noted := call.Metadata["answer_not_read"] != nil || call.Metadata["answer_bytes_left_out"] != nil
		if noted != (each.want == "") {
			t.Error(each.encoding, call.Metadata)
		}
	}
}

func TestHowACallEnds(t *testing.T) {
	broken := errors.New("connection reset")
	for _, each := range []struct {
		body       string
		err        error
		failed     error
		incomplete any
		said       string
	}{
		{`{"choices":[{"message":{"content":"Hi"}}]}`, io.EOF, nil, nil, "Hi"},
		{`{"choices":[{"message":{"content":"Hi"}}]}`, nil, nil, nil, "Hi"},
		{`{"choices":[{"message":{"content":"Hi`, nil, nil, true, "Hi"},
		{`{"choices":[{"message":{"content":"Hi`, broken, broken, nil, "Hi"},
		{``, broken, broken, nil, ""},
		{``, nil, nil, true, ""},
		{`plain words`, io.EOF, nil, nil, "plain words"},
	} {
		call := begin(t, chatAt, `{}`)
		call.Begin(200, jsonAnswer)
		call.Chunk([]byte(each.body))
		call.End(each.err)
		call.End(errors.New("only the first end counts"))
		call.Chunk([]byte("nor does what comes later"))
		got := ""
		for _, message := range call.Output {
			got += message.Content
		}
		if call.Err != each.failed || call.Metadata["answer_incomplete"] != each.incomplete || got != each.said {
			t.Errorf("%q, %v: %v, %v, %q", each.body, each.err, call.Err, call.Metadata, got)
		}
	}
}

func TestAStreamIsOverAtItsLastEvent(t *testing.T) {
	call := begin(t, chatAt, `{"stream":true}`)
	call.Begin(200, eventStream)
	call.Chunk([]byte("data: {\"choices\":[{\"delta\":{\"content\":\"Hi\"}}]}\n\ndata: [DONE]\n"))
	if call.Over() {
		t.Error("the event is not whole")
	}
	call.Chunk([]byte("\n"))
	if !call.Over() {
		t.Error("it is over")
	}
	call.End(errors.New("what happens to the connection afterwards is no error"))
	if call.Err != nil || call.Metadata["answer_incomplete"] != nil {
		t.Error(call.Err, call.Metadata)
	}
}

// Values in the place of others: each member of each case is replaced by something odd.
func TestHostileJSON(t *testing.T) {
	odd := []any{nil, json.Number("-1e999"), "x", []any{nil, []any{"y"}}, map[string]any{"type": 1}}
	for _, one := range scenes(t) {
		request, _ := decode([]byte(one.request))
		answer, isJSON := decode([]byte(one.answer))
		for _, other := range odd {
			for _, changed := range replaced(request, other) {
				cut := one
				cut.request = jsonText(changed)
				cut.call(t).Answer(one.status, jsonAnswer, []byte(one.answer))
			}
			if !isJSON {
				for _, line := range strings.Split(one.answer, "\n") {
					event, _ := decode([]byte(strings.TrimPrefix(line, "data: ")))
					for _, changed := range replaced(event, other) {
						call := one.call(t)
						call.Chunk([]byte(strings.Replace(one.answer, line, "data: "+jsonText(changed), 1)))
						call.End(io.EOF)
					}
				}
				continue
			}
			for _, changed := range replaced(answer, other) {
				one.call(t).Answer(one.status, jsonAnswer, []byte(jsonText(changed)))
			}
		}
	}
}

// replaced gives copies of a value, in each of which one value inside is replaced.
func replaced(value, other any) (all []any) {
	all = append(all, other)
	switch value := value.(type) {
	case map[string]any:
		for name, inner := range value {
			for _, changed := range replaced(inner, other) {
				all = append(all, mergedWith(value, map[string]any{name: changed}))
			}
		}
	case []any:
		for at, inner := range value {
			for _, changed := range replaced(inner, other) {
				copied := append([]any{}, value...)
				copied[at] = changed
				all = append(all, copied)
			}
		}
	}
	return all
}

func TestDeepJSONIsText(t *testing.T) {
	call := begin(t, chatAt, strings.Repeat("[", 20_000))
	if len(call.Input) != 1 || len(call.Input[0].Content) != 20_000 {
		t.Error(reflect.TypeOf(call.Input), len(call.Input))
	}
}
