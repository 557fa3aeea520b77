// The body of a request, and who still reads it: net/http may go on after the answer has come.

package sender

import (
	"bytes"
	"io"
	"sync"
	"sync/atomic"
)

// readers counts those of a body that are not closed.
type readers struct {
	body  []byte
	count atomic.Int32
}

func (r *readers) open() io.ReadCloser {
	r.count.Add(1)
	return &reader{of: r, left: bytes.NewReader(r.body)}
}

// reader is one of them. After Close it gives nothing: the memory may have another body by then.
type reader struct {
	of   *readers
	mu   sync.Mutex
	left *bytes.Reader
}

func (r *reader) Read(into []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.left == nil {
		return 0, io.ErrClosedPipe
	}
	return r.left.Read(into)
}

func (r *reader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.left != nil {
		r.left = nil
		r.of.count.Add(-1)
	}
	return nil
}
