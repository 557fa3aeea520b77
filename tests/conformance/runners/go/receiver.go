package main

import (
	"io"
	"net"
	"net/http"
	"sync"

	"github.com/witspan/witspan-go/tests/conformance/suite"
)

// got is a request as it arrived.
type got struct {
	path   string
	header http.Header
	body   string
}

// receiver answers as a case says, then always with 202. It answers nothing before the case's last step: a wait
// before a request is sent again lets the clock go on, and the steps are at moments of that clock.
type receiver struct {
	listener net.Listener
	server   *http.Server
	open     chan struct{}

	mu      sync.Mutex
	answers []suite.Answer
	got     []got
}

func listen(answers []suite.Answer) *receiver {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(err)
	r := &receiver{listener: listener, answers: answers, open: make(chan struct{})}
	r.server = &http.Server{Handler: r}
	go func() { _ = r.server.Serve(listener) }()
	return r
}

func (r *receiver) origin() string { return "http://" + r.listener.Addr().String() }

// begin has it answer.
func (r *receiver) begin() { close(r.open) }

func (r *receiver) close() { _ = r.server.Close() }

func (r *receiver) all() []got {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.got
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return
	}
	<-r.open
	r.mu.Lock()
	r.got = append(r.got, got{request.URL.RequestURI(), request.Header, string(body)})
	answer := suite.Answer{Status: http.StatusAccepted}
	if len(r.answers) > 0 {
		answer, r.answers = r.answers[0], r.answers[1:]
	}
	r.mu.Unlock()
	if answer.Status == 0 {
		// This closes the connection.
		panic(http.ErrAbortHandler)
	}
	for _, header := range answer.Headers {
		w.Header().Set(header.Name, header.Value)
	}
	w.WriteHeader(int(answer.Status))
}
