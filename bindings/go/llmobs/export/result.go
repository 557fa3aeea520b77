// What became of the rows of a submission.

package export

import (
	"errors"
	"fmt"
)

// Result says what became of every row: each is sent, dropped or failed, so that Sent + Dropped + Failed is the
// number of rows.
type Result struct {
	// Requests has one result for each batch that was sent or given up.
	Requests []RequestResult
	// ValidationErrors has the rows that were not sent because of what they say.
	ValidationErrors []ValidationError
	// Warnings has what was sent, but not as it was given.
	Warnings []Warning

	// Sent counts the rows that the receiver took, Dropped those with a validation error, Failed the others.
	Sent    int
	Dropped int
	Failed  int
}

// RequestResult is the result of one batch.
type RequestResult struct {
	// InputIndices are the places of its rows in the submission.
	InputIndices []int
	// StatusCode is that of the last answer; 0 without one.
	StatusCode int
	// Attempts counts how often it was sent.
	Attempts int
	// Retriable says that the same rows may be taken if they are submitted again: the receiver was busy or could not
	// be reached, or the context ended before the batch was sent.
	Retriable bool
	// ResponseSnippet is the beginning of the last answer, at most 512 bytes, without secrets.
	ResponseSnippet string
	// Err is nil if the receiver took the batch.
	Err error
}

// ErrorCode says why a row was not sent.
type ErrorCode string

// Why a row was not sent.
const (
	CodeMissingID     ErrorCode = "missing_id"
	CodeMissingKind   ErrorCode = "missing_kind"
	CodeInvalidKind   ErrorCode = "invalid_kind"
	CodeInvalidStatus ErrorCode = "invalid_status"
	CodeInvalidTiming ErrorCode = "invalid_timing"
	CodeInvalidLink   ErrorCode = "invalid_link"
	CodeMissingLabel  ErrorCode = "missing_label"
	CodeInvalidJoin   ErrorCode = "invalid_join"
	CodeInvalidValue  ErrorCode = "invalid_value"
	CodeTypeMismatch  ErrorCode = "type_mismatch"
	// CodeNotEncodable is for what the core refuses for any other reason.
	CodeNotEncodable ErrorCode = "not_encodable"
	// CodeTooLarge is for a row of more than 5 MB. Of a span the longest texts are cut first.
	CodeTooLarge ErrorCode = "too_large"
)

// ValidationError is a row that was not sent because of what it says.
type ValidationError struct {
	// Index is the row's place in the submission.
	Index int
	Code  ErrorCode
	// Reason is for a person.
	Reason string

	cause error
}

func (e ValidationError) Error() string {
	return fmt.Sprintf("llmobs/export: row %d rejected (%s): %s", e.Index, e.Code, e.Reason)
}

// Unwrap gives the error of the core, if it was the core that refused the row.
func (e ValidationError) Unwrap() error { return e.cause }

// Warning is a part of a row that was sent, but not as it was given.
type Warning struct {
	// Index is the row's place in the submission.
	Index int
	// Field is the path of the part, such as metrics.latency.
	Field string
	// Message says what was found, and what became of it.
	Message string
}

// count counts what became of the rows.
func (r *Result) count() {
	r.Sent, r.Failed, r.Dropped = 0, 0, len(r.ValidationErrors)
	for at := range r.Requests {
		request := &r.Requests[at]
		if request.Err == nil {
			r.Sent += len(request.InputIndices)
		} else {
			r.Failed += len(request.InputIndices)
		}
	}
}

// failures gives the errors of all batches as one; nil if there are none.
func (r *Result) failures() error {
	var failed []error
	for at := range r.Requests {
		if err := r.Requests[at].Err; err != nil {
			failed = append(failed, err)
		}
	}
	if len(failed) == 0 {
		return nil
	}
	return fmt.Errorf("llmobs/export: %d of %d batches failed: %w", len(failed), len(r.Requests), errors.Join(failed...))
}
