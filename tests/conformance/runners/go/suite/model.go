// Package suite runs every case of the conformance suite through instances of the core, in both
// formats, byte for byte.
//
// tests/conformance/README.md describes the cases.
package suite

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/witspan/witspan-go/internal/core"
)

// Chapter is a file of cases.
type Chapter struct {
	Version int
	Chapter string
	Cases   []Case
}

// Case is a program and what it must send, or a call of the interface setup and what it must give.
type Case struct {
	Name         string
	Settings     map[string]json.RawMessage
	Program      []Step
	Answers      []Answer
	Dispositions []string
	Requests     map[string][]Request
	Statistics   map[string]uint64

	Call    string
	Given   string
	Gives   any
	Refused any
	Sends   []map[string]any
}

// Step is a step of a program; which members it has depends on what it does.
type Step struct {
	Do            string
	Span          string
	Kind          string
	Name          *string
	Current       string
	ChildOf       string `json:"child_of"`
	Remote        string
	Contexts      []string
	SessionID     *string `json:"session_id"`
	MLApp         *string `json:"ml_app"`
	ModelName     *string `json:"model_name"`
	ModelProvider *string `json:"model_provider"`
	StartNs       *uint64 `json:"start_ns"`
	EndNs         *uint64 `json:"end_ns"`
	Ns            uint64
	JSON          string
	Refused       *string
	Dropped       bool
	Failure       *struct {
		Message   string
		ErrorType string `json:"error_type"`
		Stack     string
	}
	CurrentAgain *string `json:"current_again"`
	Event        *string
	SpanID       *string `json:"span_id"`
	TraceID      *string `json:"trace_id"`
	ParentID     *string `json:"parent_id"`
	Headers      Headers
	Gives        map[string]string
	Does         json.RawMessage
	Requests     int
}

// Request is what a receiver gets.
type Request struct {
	Path    string
	Headers map[string]string
	Body    string
}

// Answer is what the receiver gives; the status 0 closes the connection.
type Answer struct {
	Status  uint16
	Headers Headers
}

// Headers are in the order of the file.
type Headers []core.Header

// UnmarshalJSON reads an object of texts.
func (h *Headers) UnmarshalJSON(text []byte) error {
	tokens := json.NewDecoder(bytes.NewReader(text))
	if _, err := tokens.Token(); err != nil {
		return err
	}
	for tokens.More() {
		name, err := tokens.Token()
		if err != nil {
			return err
		}
		header := core.Header{Name: name.(string)}
		if err := tokens.Decode(&header.Value); err != nil {
			return err
		}
		*h = append(*h, header)
	}
	return nil
}

func record(headers []core.Header) map[string]string {
	found := map[string]string{}
	for _, header := range headers {
		found[header.Name] = header.Value
	}
	return found
}

// parsed reads JSON, its numbers digit by digit.
func parsed(text string) (value any) {
	numbers := json.NewDecoder(bytes.NewReader([]byte(text)))
	numbers.UseNumber()
	must(numbers.Decode(&value))
	return value
}

// text writes a value as JSON.
func text(value any) string {
	written, err := json.Marshal(value)
	must(err)
	return string(written)
}

// wrong is what a case panics with where something is not as it must be.
type wrong string

// Wrong ends a case that cannot go on.
func Wrong(why string) { panic(wrong(why)) }

func must(err error) {
	if err != nil {
		panic(wrong(err.Error()))
	}
}

func same(what string, got, expected any) {
	if text(got) != text(expected) {
		panic(wrong(fmt.Sprintf("%s:\n%s\ninstead of\n%s", what, text(got), text(expected))))
	}
}
