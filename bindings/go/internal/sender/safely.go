// Runs code of the application so that neither a panic nor the end of its goroutine is ours.

package sender

import (
	"context"
	"fmt"
	"time"
)

// grace is how long code may go on after its context ended. Code that heeds the context needs far less, and
// an answer that it brings in this time is not lost.
const grace = time.Second

// safely gives what the code gives. Its panic becomes an error that names who it is, and so does
// runtime.Goexit, which testing.T.FailNow calls. It does not wait for code that does not heed the context.
func safely[T any](ctx context.Context, who string, run func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	done := make(chan result, 1)
	go func() {
		ended := result{err: fmt.Errorf("%s ended its goroutine", who)}
		defer func() {
			if cause := recover(); cause != nil {
				ended = result{err: fmt.Errorf("%s panicked: %v", who, cause)}
			}
			done <- ended
		}()
		value, err := run()
		ended = result{value, err}
	}()
	select {
	case ended := <-done:
		return ended.value, ended.err
	case <-ctx.Done():
	}
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case ended := <-done:
		return ended.value, ended.err
	case <-timer.C:
		var none T
		return none, ctx.Err()
	}
}
