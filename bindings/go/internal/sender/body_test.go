// A body is done when nobody reads it, and not before.

package sender

import (
	"errors"
	"io"
	"testing"
)

func TestABodyIsDoneWhenItsLastReaderIsClosed(t *testing.T) {
	readers := &readers{body: []byte("spans")}
	first, second := readers.open(), readers.open()
	if given, err := io.ReadAll(first); string(given) != "spans" || err != nil {
		t.Fatalf("%q, %v", given, err)
	}
	for range 2 {
		// net/http may close one more than once.
		_ = first.Close()
	}
	if readers.count.Load() != 1 {
		t.Error("done, though one still reads")
	}
	_ = second.Close()
	if readers.count.Load() != 0 {
		t.Error("not done")
	}
	if _, err := second.Read(make([]byte, 1)); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("it reads on after its end: %v", err)
	}
}
