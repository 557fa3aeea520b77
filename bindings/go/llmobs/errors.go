// Errors that a caller can tell apart.

package llmobs

import (
	"errors"
	"strings"

	"github.com/witspan/witspan-go/internal/core"
)

// ErrInvalidArgument is what every [*ArgumentError] is.
var ErrInvalidArgument = errors.New("llmobs: invalid argument")

// ArgumentError says that an argument is of a wrong type or value. The call changed nothing.
type ArgumentError struct {
	// Field is the path of the argument, such as value or span.span_id.
	Field string
	// Message is one sentence: what was found, and what is accepted.
	Message string
}

func (e *ArgumentError) Error() string { return "llmobs: " + e.Message }

// Is says that the error is an ErrInvalidArgument.
func (e *ArgumentError) Is(target error) bool { return target == ErrInvalidArgument }

// argument gives the error that a caller learns of: only a wrong argument, by the names that the caller wrote.
// Everything else is a state of the tracer that a working program meets too; it is counted.
func argument(err error, names *strings.Replacer) error {
	invalid, is := err.(core.Error)
	if !is || invalid.Tag != core.ErrorInvalidArgument {
		return nil
	}
	field := strings.Trim(names.Replace("`"+invalid.InvalidArgument.Field+"`"), "`")
	return &ArgumentError{Field: field, Message: names.Replace(invalid.InvalidArgument.Message)}
}
