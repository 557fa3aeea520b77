// The cases in testdata: a request, its answer, and what the span of it has.

package provider

import (
	"bytes"
	"encoding/json"
	"flag"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write what came out as what is wanted")

// A scene is a file of testdata: sections that begin with a line such as `-- answer 200 text/event-stream --`.
type scene struct {
	path    string
	address string
	header  http.Header
	request string
	status  int
	format  string
	answer  string
	want    string
}

func scenes(t *testing.T) (all []scene) {
	t.Helper()
	paths, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(paths) == 0 {
		t.Fatal("no cases", err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		one := scene{path: path, header: http.Header{}}
		for _, section := range strings.Split("\n"+string(text), "\n-- ")[1:] {
			head, body, _ := strings.Cut(section, " --\n")
			words := strings.Fields(head)
			switch words[0] {
			case "request":
				one.address, one.request = words[1], body
				if len(words) > 2 {
					one.header.Set(words[2], "x")
				}
			case "answer":
				one.status, _ = strconv.Atoi(words[1])
				one.format, one.answer = words[2], body
			case "want":
				one.want = body
			}
		}
		all = append(all, one)
	}
	return all
}

func (s scene) call(t *testing.T) *Call {
	t.Helper()
	address, err := url.Parse(s.address)
	if err != nil {
		t.Fatal(err)
	}
	route, known := Recognise("POST", address, s.header)
	if !known {
		t.Fatalf("%s is not recognised", s.address)
	}
	call := route.Request([]byte(s.request))
	call.Begin(s.status, http.Header{"Content-Type": {s.format}})
	return call
}

// shown is what a call has, without what differs from run to run.
func shown(c *Call) string {
	metrics := map[string]float64{}
	for name, value := range c.Metrics {
		if name == "time_to_first_token" {
			value = -1
		}
		metrics[name] = value
	}
	failed := map[string]any{}
	if found, ok := c.Err.(*Error); ok {
		failed = map[string]any{"type": found.Type, "message": found.Message}
	} else if c.Err != nil {
		failed["message"] = c.Err.Error()
	}
	all := map[string]any{
		"span":  []string{c.Kind, c.Name, c.Provider, c.Model, c.Integration},
		"input": c.Input, "documents": c.Documents, "output": c.Output, "embedded": c.Embedded,
		"metadata": c.Metadata, "metrics": metrics, "tools": c.Tools, "error": failed,
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", " ")
	for name, value := range all {
		if text := jsonText(value); text == "null" || text == "{}" || text == `""` {
			delete(all, name)
		}
	}
	_ = encoder.Encode(all)
	return out.String()
}

func TestWhatIsSaidBecomesASpan(t *testing.T) {
	for _, one := range scenes(t) {
		t.Run(filepath.Base(one.path), func(t *testing.T) {
			call := one.call(t)
			call.Chunk([]byte(one.answer))
			call.End(io.EOF)
			got := shown(call)
			if *update && got != one.want {
				text, _ := os.ReadFile(one.path)
				before, _, _ := strings.Cut(string(text), "-- want --\n")
				if err := os.WriteFile(one.path, []byte(before+"-- want --\n"+got), 0o644); err != nil {
					t.Fatal(err)
				}
			} else if got != one.want {
				t.Errorf("got %s\nwant %s", got, one.want)
			}
		})
	}
}

func TestAStreamMayBeCutAnywhere(t *testing.T) {
	for _, one := range scenes(t) {
		for at := range len(one.answer) {
			call := one.call(t)
			call.Chunk([]byte(one.answer[:at]))
			call.Chunk([]byte(one.answer[at:]))
			call.End(io.EOF)
			if got := shown(call); got != one.want {
				t.Fatalf("%s, cut at %d: got %s\nwant %s", one.path, at, got, one.want)
			}
		}
	}
}

// The events of a stream are the same however its lines end and wherever it is cut.
func TestEvents(t *testing.T) {
	events := func(pieces ...string) (found string) {
		splitter := sse{emit: func(data []byte) { found += string(data) + "|" }}
		for _, piece := range pieces {
			splitter.feed([]byte(piece))
		}
		splitter.finish()
		return found
	}
	const lines = ": hello\nevent: a\ndata: one\ndata:two\ndata\n\n\nid: 7\n\ndata:  three\nretry: 1\n\ndata: last"
	const want = "one\ntwo\n| three|last|"
	for _, stream := range []string{
		lines, "\uFEFF" + lines, strings.ReplaceAll(lines, "\n", "\r\n"), strings.ReplaceAll(lines, "\n", "\r"),
	} {
		for at := range len(stream) {
			if got := events(stream[:at], stream[at:]); got != want {
				t.Errorf("%q, cut at %d: %q", stream, at, got)
			}
		}
		if got := events(strings.Split(stream, "")...); got != want {
			t.Errorf("%q, in pieces: %q", stream, got)
		}
	}
	for _, one := range scenes(t) {
		if one.format == "text/event-stream" {
			plain := events(one.answer)
			for _, end := range []string{"\r\n", "\r"} {
				if got := events(strings.Split(strings.ReplaceAll(one.answer, "\n", end), "")...); got != plain {
					t.Errorf("%s with %q: %q", one.path, end, got)
				}
			}
		}
	}
}

// Whatever is cut off or changed, nothing panics, and what was read before stays.
func TestNothingPanics(t *testing.T) {
	for _, one := range scenes(t) {
		for at := range len(one.answer) {
			call := one.call(t)
			call.Chunk([]byte(one.answer[:at]))
			call.End(nil)
			_ = shown(call)
		}
		for at := range len(one.request) {
			cut := one
			cut.request = one.request[:at]
			call := cut.call(t)
			if at > 0 && len(call.Input)+len(call.Documents) == 0 && strings.Contains(cut.request, `"content": "`) {
				t.Fatalf("%s: nothing was read of %s", one.path, cut.request)
			}
		}
	}
}
