// Package core runs the core of witspan: its calls in Go's types, over the module translated to Go.
//
// contract.go, calls.go and the folder translated are made by tools/build_go.py. Everything else here is
// what they need: memory.go passes values in and out, and this file begins and ends an instance.
package core

import (
	"fmt"
	"runtime"

	"github.com/witspan/witspan-go/internal/core/translated"
)

// Host is what the core imports.
type Host = translated.Host

// Instance is one instance of the core. A call fails with an [Error] or a [SpanError], which changes
// nothing, or with a [*Trap], after which every call fails with that. One call at a time.
type Instance struct {
	raw     Raw
	trap    *Trap
	cleanup runtime.Cleanup
}

// New makes an instance. Its memory is outside Go's heap where the system has mmap; Close gives it back,
// or the garbage collector once nothing refers to the instance.
func New(host Host) *Instance {
	module := translated.Make(host)
	instance := Over(module)
	instance.cleanup = runtime.AddCleanup(instance, translated.Release, module.Memory())
	return instance
}

// Over makes an instance of a core module that another engine runs.
func Over(raw Raw) *Instance {
	return &Instance{raw: raw}
}

// Close gives the memory back. Calls after it fail.
func (i *Instance) Close() {
	if i.trap == nil {
		i.trap = &Trap{Cause: "the instance is closed"}
	}
	i.cleanup.Stop()
	i.raw.Close()
}

// Trapped gives the trap that ended the instance, or nil.
func (i *Instance) Trapped() *Trap {
	return i.trap
}

// guard ends a call. What the core panics with is a trap: its memory may be half written.
func (i *Instance) guard(failed *error) {
	if cause := recover(); cause != nil {
		i.trap = &Trap{Cause: cause}
		*failed = i.trap
	}
}

// Trap says that the core gave up in the middle of a call: the instance cannot be used any more.
type Trap struct {
	// Cause is what it panicked with.
	Cause any
}

func (t *Trap) Error() string {
	return fmt.Sprint("the core trapped: ", t.Cause)
}

func (e SpanError) Error() string {
	return e.String()
}

func (e Error) Error() string {
	switch e.Tag {
	case ErrorInvalidArgument:
		return e.InvalidArgument.Message
	case ErrorInternal:
		return e.Tag.String() + ": " + e.Text
	}
	return e.Tag.String()
}

// nameOf gives the name of a case; one that the contract has not is a defect of the caller.
func nameOf[T ~uint8](value T, names []string) string {
	if int(value) < len(names) {
		return names[value]
	}
	return fmt.Sprintf("unknown-%d", uint8(value))
}
