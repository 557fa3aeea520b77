//go:build unix

// How a signal ends this process here: as the same signal, so that who waits for the process sees it.

package engine

import (
	"os"
	"os/signal"
	"syscall"
)

func raise(which os.Signal) {
	// Go's own handler stands again, and ends the process.
	signal.Reset(which)
	if number, is := which.(syscall.Signal); is {
		// The process is its own; it cannot be refused.
		_ = syscall.Kill(os.Getpid(), number)
	}
}
