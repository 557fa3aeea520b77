// What providers answer instead of an answer.

package provider

import (
	"net/http"
	"strconv"
)

// An Error is what a provider answered instead.
type Error struct {
	// Type is the provider's word, such as invalid_request_error, overloaded_error or RESOURCE_EXHAUSTED; without one
	// it is the status, such as "502 Bad Gateway".
	Type string
	// Message is the provider's, or the start of whatever it sent.
	Message string
	// Status is the one of HTTP; 200 if a stream broke in its middle.
	Status int
}

func (e *Error) Error() string { return e.Message }

// ErrorType is what a span has as the type of its error.
func (e *Error) ErrorType() string { return e.Type }

// StackTrace has nothing to say: where an answer was read is not where anything failed.
func (e *Error) StackTrace() string { return "" }

// mostOfError is how much is kept of a page that some proxy sent.
const mostOfError = 4 << 10

// errorOf reads the body of an answer whose status says that it failed.
func errorOf(status int, body []byte) *Error {
	value, _ := decodeOrMend(body)
	if items := list(value); len(items) > 0 { // Gemini's, where it would have streamed a list
		value = items[0]
	}
	if found := errorIn(object(value), status); found != nil {
		return found
	}
	out := &Error{Status: status}
	if answer := object(value); answer != nil {
		// Without an envelope, as vLLM and FastAPI have it.
		out.Type = firstText(answer, "type", "code", "status")
		out.Message = firstText(answer, "message", "detail", "msg")
	}
	if out.Message == "" {
		out.Message = plain(body[:min(len(body), mostOfError)])
	}
	return out.complete()
}

// errorIn finds the error that an answer or an event has as a member; nil if it has none.
func errorIn(answer map[string]any, status int) *Error {
	given := answer["error"]
	if given == nil || given == "" || given == false {
		if str(answer["type"]) != "error" {
			return nil
		}
		given = answer // OpenAI's responses have no envelope in a stream
	}
	out := &Error{Status: status}
	if inner := object(given); inner == nil {
		out.Message = asText(given)
	} else {
		if kind := str(inner["type"]); kind != "error" {
			out.Type = kind
		}
		if out.Type == "" {
			out.Type = firstText(inner, "status", "code")
		}
		out.Message = firstText(inner, "message")
		if out.Message == "" {
			out.Message = jsonText(inner)
		}
	}
	return out.complete()
}

func (e *Error) complete() *Error {
	words := strconv.Itoa(e.Status)
	if known := http.StatusText(e.Status); known != "" {
		words += " " + known
	}
	if e.Type == "" {
		e.Type = words
		if e.Status < 400 {
			e.Type = "error"
		}
	}
	if e.Message == "" {
		e.Message = words
	}
	return e
}
