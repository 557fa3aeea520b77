// Copies of bodies, made while they pass.

package llmhttp

import (
	"io"
	"net/http"
	"sync"

	"github.com/witspan/witspan-go/internal/provider"
)

// answer is the body of an answer, which an exchange reads along.
type answer struct {
	io.ReadCloser
	exchange *exchange
}

func (a *answer) Read(p []byte) (int, error) {
	n, err := a.ReadCloser.Read(p)
	a.exchange.read(p[:max(0, min(n, len(p)))], err)
	return n, err
}

func (a *answer) Close() error {
	err := a.ReadCloser.Close()
	a.exchange.end(nil)
	return err
}

// copied is the first of a request's body, as far as it is known.
type copied struct {
	mu    sync.Mutex
	kept  []byte
	over  int
	whole bool
}

// copyOf gives the body of a request: at once, if it can be had twice; else as it is sent, since the body may
// not even exist yet.
func copyOf(req, sent *http.Request) *copied {
	c := &copied{}
	switch {
	case req.Body == nil || req.Body == http.NoBody:
		c.whole = true
	case req.GetBody != nil && req.ContentLength > 0:
		c.whole = true
		body, err := req.GetBody()
		if err != nil {
			break
		}
		defer body.Close()
		c.kept = make([]byte, min(req.ContentLength, provider.Limit))
		read, _ := io.ReadFull(body, c.kept)
		c.kept = c.kept[:read]
		c.over = int(req.ContentLength) - read
	default:
		sent.Body = &teed{req.Body, c}
		if again := req.GetBody; again != nil {
			sent.GetBody = func() (io.ReadCloser, error) {
				body, err := again()
				if err != nil || body == nil {
					return body, err
				}
				c.restart()
				return &teed{body, c}, nil
			}
		}
	}
	return c
}

// restart forgets what was sent over a connection that broke.
func (c *copied) restart() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kept, c.over, c.whole = nil, 0, false
}

func (c *copied) isWhole() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.whole
}

// taken gives what there is, and how many bytes there are beyond it.
func (c *copied) taken() (body []byte, over int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// A transport may still be sending: what it adds is not in this part.
	return c.kept[:len(c.kept):len(c.kept)], c.over
}

func (c *copied) add(piece []byte, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	room := min(provider.Limit-len(c.kept), len(piece))
	c.kept = append(c.kept, piece[:room]...)
	c.over += len(piece) - room
	c.whole = c.whole || err == io.EOF
}

// teed is a request's body that is copied as the transport reads it.
type teed struct {
	io.ReadCloser
	copy *copied
}

func (t *teed) Read(p []byte) (int, error) {
	n, err := t.ReadCloser.Read(p)
	t.copy.add(p[:max(0, min(n, len(p)))], err)
	return n, err
}
