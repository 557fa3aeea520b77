// Package sender sends one request over HTTP, with its key, proxy, certificates and unix socket, or hands it
// to an exporter.
//
// A request is sent once a call. net/http by itself repeats a POST only if a kept connection was lost before
// any of it was written, so that no receiver gets it twice; everything else is repeated by the core, which
// counts.
package sender

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/witspan/witspan-go/internal/core"
	"github.com/witspan/witspan-go/internal/settings"
)

// Version is that of this package, which receivers see in the header user-agent.
const Version = "0.1.0"

const (
	// The most bytes of an answer that are read for a person: more than are shown, so that a key that was
	// read only in part is not shown.
	answerBytes = 4096
	// The most bytes that are read after these, only so that the connection can be kept.
	restBytes = 64 << 10
	// The header that reports losses to a receiver.
	losses = "witspan-dropped"
)

// answerHeaders are those that the core reads.
var answerHeaders = []string{"retry-after", "x-ratelimit-reset"}

// Answer is what a receiver says, with whatever status.
type Answer struct {
	Status uint16
	// Headers are retry-after and x-ratelimit-reset, if the answer has them.
	Headers []core.Header
	// Excerpt is the beginning of the body, at most 600 characters, for a person.
	Excerpt string
	// Done says that nothing reads the request's body any more.
	Done bool
}

// Sender sends requests to one target, over kept connections. Any goroutine may use it.
type Sender struct {
	name     string
	secrets  *settings.Secrets
	timeout  time.Duration
	exporter func(*Exported) error
	// do and closeIdle are the client's. As functions they are printed as addresses: a transport has the
	// password of its proxy in it.
	do        func(*http.Request) (*http.Response, error)
	closeIdle func()
}

// New makes the sender for a target. An exporter, if it is not nil, gets every request in place of HTTP. A
// client, if it is not nil, replaces ours, with its own proxies, certificates and timeouts; only a unix
// socket, which it cannot know of, is still reached by ours.
func New(plan *settings.Plan, target settings.Target, exporter func(*Exported) error, client *http.Client) *Sender {
	s := &Sender{name: target.Name, secrets: plan.Secrets, timeout: plan.RequestTimeout, exporter: exporter}
	if exporter != nil {
		s.name = "the exporter"
		return s
	}
	s.do, s.closeIdle = clientFor(plan, target.Spans.URL, target.Socket, s.timeout, client)
	return s
}

// Name is where requests go, for a person: without a password.
func (s *Sender) Name() string { return s.name }

// CloseIdle closes the connections that no request uses. Those of the application's client are not ours.
func (s *Sender) CloseIdle() {
	if s.closeIdle != nil {
		s.closeIdle()
	}
}

// Send sends a request and waits for the answer: for at most the plan's request timeout, and no longer than
// the context lasts. lost, if not empty, reports the losses so far. It fails if there was no answer; the
// error has no secret, and is at most 600 characters long. If the context ended, it wraps the context's.
//
// An exporter is waited for as long as it takes, since what it does cannot be taken back. Its success is an
// answer 202; its error or panic, 413, which is not repeated.
func (s *Sender) Send(ctx context.Context, request *core.Request, lost string) (Answer, error) {
	if s.exporter != nil {
		return s.export(request), nil
	}
	limited, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	answer, err := safely(limited, "the HTTP client", func() (Answer, error) {
		answer, err := s.post(limited, request, lost)
		if err != nil {
			// Here, since an error of the application's client may panic when it is asked.
			err = errors.New(whyOf(err))
		}
		return answer, err
	})
	switch {
	case err == nil:
		return answer, nil
	case ctx.Err() != nil:
		return Answer{}, fmt.Errorf("the request was given up: %w", ctx.Err())
	case limited.Err() != nil:
		return Answer{}, fmt.Errorf("no answer within %v", s.timeout)
	}
	return Answer{}, errors.New(s.secrets.Excerpt(err.Error()))
}

func (s *Sender) post(ctx context.Context, request *core.Request, lost string) (Answer, error) {
	readers := &readers{body: request.Body}
	post, err := http.NewRequestWithContext(ctx, http.MethodPost, request.URL, readers.open())
	if err != nil {
		return Answer{}, err
	}
	post.ContentLength = int64(len(request.Body))
	// This lets net/http begin the body anew on another connection.
	post.GetBody = func() (io.ReadCloser, error) { return readers.open(), nil }
	for _, header := range request.Headers {
		post.Header.Add(header.Name, header.Value)
	}
	if lost != "" {
		post.Header.Set(losses, lost)
	}
	sign(post, s.secrets, request.Credentials)
	got, err := s.do(post)
	if err != nil {
		return Answer{}, err
	}
	defer got.Body.Close()
	answer := Answer{Status: uint16(got.StatusCode)}
	for _, name := range answerHeaders {
		if value := got.Header.Get(name); value != "" {
			answer.Headers = append(answer.Headers, core.Header{Name: name, Value: value})
		}
	}
	// An answer that breaks off has said its status.
	body, _ := io.ReadAll(io.LimitReader(got.Body, answerBytes))
	_, _ = io.CopyN(io.Discard, got.Body, restBytes)
	answer.Excerpt = s.secrets.Excerpt(string(body))
	answer.Done = readers.count.Load() == 0
	return answer, nil
}

// sign adds what only the host can add: the secrets, and who asks.
func sign(request *http.Request, secrets *settings.Secrets, credentials []core.Credential) {
	request.Header.Set("user-agent", "witspan/"+Version)
	for _, one := range credentials {
		if value, has := secrets.Header(one.Secret, one.Form); has {
			request.Header.Set(one.Header, value)
		}
	}
}

// whyOf gives the cause alone: the notice that quotes it names the target.
func whyOf(err error) string {
	var failed *url.Error
	if errors.As(err, &failed) && failed.Err != nil {
		err = failed.Err
	}
	return err.Error()
}
