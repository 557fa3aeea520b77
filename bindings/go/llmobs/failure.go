// An error as a span has it: message, type, stack.

package llmobs

import (
	"fmt"
	"reflect"
	"runtime/debug"
	"strings"

	"github.com/witspan/witspan-go/internal/core"
)

// mostStack is the most bytes of a stack; the core cuts at as many.
const mostStack = 64 << 10

func failureOf(err error) core.Failure {
	return core.Failure{
		Message:   said(err),
		ErrorType: typeOf(err),
		Stack:     stackOf(err),
	}
}

// said gives an error's text; its method may be anything.
func said(err error) (text string) {
	defer func() {
		if cause := recover(); cause != nil {
			text = "(its method Error panicked)"
		}
	}()
	return err.Error()
}

// typeOf gives the type of an error: what it calls itself, if it has a method for that, else its Go type.
func typeOf(err error) (name string) {
	defer func() {
		if cause := recover(); cause != nil || name == "" {
			name = reflect.TypeOf(err).String()
		}
	}()
	if named, is := err.(interface{ ErrorType() string }); is {
		name = named.ErrorType()
	}
	return name
}

// ours begins the names of this package's functions.
const ours = "github.com/witspan/witspan-go/llmobs."

// withoutUs leaves out the functions between the application's call and the stack: they say nothing.
func withoutUs(stack string) string {
	head, rest, found := strings.Cut(stack, "\n")
	for found && (strings.HasPrefix(rest, "runtime/debug.") || strings.HasPrefix(rest, ours)) {
		// A function and its place.
		_, rest, _ = strings.Cut(rest, "\n")
		_, rest, found = strings.Cut(rest, "\n")
	}
	return head + "\n" + rest
}

// stackOf gives the stack that the error carries, else that of the caller.
func stackOf(err error) string {
	stack, has := ownStack(err)
	if !has {
		stack = bounded(withoutUs(string(debug.Stack())))
	}
	return stack
}

// ownStack gives the stack that the error carries, by the convention of github.com/pkg/errors.
func ownStack(err error) (stack string, has bool) {
	defer func() {
		if cause := recover(); cause != nil {
			stack, has = "", false
		}
	}()
	method := reflect.ValueOf(err).MethodByName("StackTrace")
	if !method.IsValid() || method.Type().NumIn() != 0 || method.Type().NumOut() != 1 {
		return "", false
	}
	return bounded(fmt.Sprintf("%+v", method.Call(nil)[0].Interface())), true
}

func bounded(stack string) string { return stack[:min(len(stack), mostStack)] }
