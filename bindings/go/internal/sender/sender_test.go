// What a receiver gets, and what is made of its answer.

package sender

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/witspan/witspan-go/internal/core"
)

func TestTheKeyIsInTheHeaderAndNowhereElse(t *testing.T) {
	server := serve(t, httptest.NewServer, accepts)
	plan := direct(t, strings.Replace(server.URL, "://", "://user:hunter22@", 1), nil)
	s, request := senderOf(t, plan, nil)
	answer, err := s.Send(context.Background(), request, "client=7;queue_full=3")
	if err != nil || answer.Status != 202 || answer.Excerpt != "" || answer.Headers != nil {
		t.Error(answer, err)
	}
	got := server.requests()[0]
	for name, want := range map[string]string{
		"dd-api-key": testKey, "content-type": "application/json", "witspan-dropped": "client=7;queue_full=3",
		"authorization": "Basic dXNlcjpodW50ZXIyMg==", "user-agent": "witspan/" + Version,
		"content-length": "12", "accept-encoding": "",
	} {
		if value := got.header.Get(name); value != want {
			t.Errorf("%s: %s", name, value)
		}
	}
	if got.url != "/api/intake/llm-obs/v1/trace/spans" || got.body != `{"spans":[]}` {
		t.Errorf("%+v", got)
	}
	// No verb of fmt may lead into what the connections know.
	for _, verb := range []string{"%+v", "%#v", "%s", "%q", "%d"} {
		printed := fmt.Sprintf(verb+verb+verb+verb, s, *s, request, struct{ private *Sender }{s})
		if strings.Contains(printed, testKey) || strings.Contains(printed, "hunter22") {
			t.Error(verb, printed)
		}
	}
	if s.Name() != plan.Targets[0].Name || strings.Contains(s.Name(), "hunter22") {
		t.Error(s.Name())
	}
}

func TestAnAnswerIsReadInPartAndWithoutSecrets(t *testing.T) {
	server := serve(t, httptest.NewServer, func(w http.ResponseWriter, request *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.Header().Set("X-RateLimit-Reset", "9")
		w.Header().Set("X-Other", "no")
		w.WriteHeader(http.StatusTooManyRequests)
		fmt.Fprint(w, " key ", request.Header.Get("dd-api-key"), " ", strings.Repeat("é", 20_000))
	})
	s, request := senderOf(t, direct(t, server.URL, nil), nil)
	answer, err := s.Send(context.Background(), request, "")
	want := []core.Header{{Name: "retry-after", Value: "7"}, {Name: "x-ratelimit-reset", Value: "9"}}
	if err != nil || answer.Status != 429 || len(answer.Headers) != 2 || answer.Headers[0] != want[0] || answer.Headers[1] != want[1] {
		t.Error(answer, err)
	}
	if !strings.HasPrefix(answer.Excerpt, "key (the API key) éé") || len([]rune(answer.Excerpt)) != 600 {
		t.Error(answer.Excerpt)
	}
	if _, has := server.requests()[0].header["Witspan-Dropped"]; has {
		t.Error("losses where there are none")
	}
}

func TestAConnectionIsKeptUntilItIsClosed(t *testing.T) {
	server := serve(t, httptest.NewUnstartedServer, func(w http.ResponseWriter, _ *http.Request) {
		// More than is read for a person.
		fmt.Fprint(w, strings.Repeat("x", 3*answerBytes))
	})
	connections, closed := make(chan net.Conn, 9), make(chan net.Conn, 9)
	server.Config.ConnState = func(connection net.Conn, state http.ConnState) {
		switch state {
		case http.StateNew:
			connections <- connection
		case http.StateClosed:
			closed <- connection
		}
	}
	server.Start()
	s, request := senderOf(t, direct(t, server.URL, nil), nil)
	for range 3 {
		if _, err := s.Send(context.Background(), request, ""); err != nil {
			t.Fatal(err)
		}
	}
	if len(connections) != 1 {
		t.Error(len(connections))
	}
	s.CloseIdle()
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Error("the connection is still open")
	}
}

func TestARedirectIsNotFollowed(t *testing.T) {
	elsewhere := serve(t, httptest.NewServer, accepts)
	server := serve(t, httptest.NewServer, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	for _, client := range []*http.Client{nil, {}} {
		s, request := senderOf(t, direct(t, server.URL, nil), client)
		answer, err := s.Send(context.Background(), request, "")
		if err != nil || answer.Status != 307 {
			t.Error(answer, err)
		}
	}
	if got := elsewhere.requests(); len(got) > 0 {
		t.Errorf("%+v", got)
	}
}

// stalls answers nothing, or only a status, until the test ends.
func stalls(t *testing.T, begin func(http.ResponseWriter)) *receiver {
	over := make(chan struct{})
	server := serve(t, httptest.NewServer, func(w http.ResponseWriter, r *http.Request) {
		begin(w)
		select {
		case <-over:
		case <-r.Context().Done():
		}
	})
	t.Cleanup(func() { close(over) })
	return server
}

func TestAReceiverThatIsSilentIsGivenUp(t *testing.T) {
	server := stalls(t, func(http.ResponseWriter) {})
	plan := direct(t, server.URL, nil)
	plan.RequestTimeout = 100 * time.Millisecond
	s, request := senderOf(t, plan, nil)
	mustFail(t, s, request, "no answer within 100ms")

	plan.RequestTimeout = time.Hour
	s, request = senderOf(t, plan, nil)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if _, err := s.Send(ctx, request, ""); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestAnAnswerThatStallsHasSaidItsStatus(t *testing.T) {
	server := stalls(t, func(w http.ResponseWriter) {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprint(w, "wait")
		w.(http.Flusher).Flush()
	})
	plan := direct(t, server.URL, nil)
	plan.RequestTimeout = 300 * time.Millisecond
	s, request := senderOf(t, plan, nil)
	answer, err := s.Send(context.Background(), request, "")
	if err != nil || answer.Status != 503 || answer.Excerpt != "wait" {
		t.Error(answer, err)
	}
}

func TestAReceiverThatIsGoneIsAnErrorThatSaysWhy(t *testing.T) {
	server := serve(t, httptest.NewServer, accepts)
	plan := direct(t, strings.Replace(server.URL, "://", "://user:hunter22@", 1), nil)
	server.Close()
	s, request := senderOf(t, plan, nil)
	mustFail(t, s, request, "dial tcp 127.0.0.1:")
	request.URL = "http://user:hunter22@ho st"
	mustFail(t, s, request)
}

func TestAPostThatWasWrittenIsNotRepeated(t *testing.T) {
	var server *receiver
	server = serve(t, httptest.NewServer, func(w http.ResponseWriter, r *http.Request) {
		if len(server.requests()) > 1 {
			panic(http.ErrAbortHandler) // The kept connection ends without an answer.
		}
		accepts(w, r)
	})
	s, request := senderOf(t, direct(t, server.URL, nil), nil)
	mustAccept(t, s, request)
	mustFail(t, s, request)
	if got := server.requests(); len(got) != 2 {
		t.Error(len(got))
	}
}

func TestAUnixSocketIsReachedWithoutAProxy(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no unix sockets here")
	}
	// A path that is short enough for every system.
	folder, err := os.MkdirTemp("", "w")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "s")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	server := serve(t, httptest.NewUnstartedServer, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/info" {
			fmt.Fprint(w, `{"endpoints": ["/evp_proxy/v2/"]}`)
			return
		}
		accepts(w, r)
	})
	server.Listener.Close()
	server.Listener = listener
	server.Start()
	environment := map[string]string{"DD_TRACE_AGENT_URL": "unix://" + path, "ALL_PROXY": "http://127.0.0.1:1"}
	plan := planOf(t, environment, map[string]string{"agentless_enabled": "0"})
	s, request := senderOf(t, plan, &http.Client{Transport: tripper(func(*http.Request) (*http.Response, error) {
		return nil, errors.New("this client knows no socket")
	})})
	mustAccept(t, s, request)
	if plan := planOf(t, environment, nil); !Finds(context.Background(), plan, plan.Discovery, nil) {
		t.Error("discovery")
	}
}

type tripper func(*http.Request) (*http.Response, error)

func (t tripper) RoundTrip(request *http.Request) (*http.Response, error) { return t(request) }

// deaf is an error that panics when it is asked.
type deaf struct{}

func (*deaf) Error() string { panic("asked, with " + testKey) }

func TestWhatTheApplicationsClientDoesIsAnAnswerOrAnError(t *testing.T) {
	var seen []string
	for why, trip := range map[string]tripper{
		"": func(r *http.Request) (*http.Response, error) {
			seen = append(seen, r.URL.String())
			return &http.Response{StatusCode: 202, Header: http.Header{}, Body: io.NopCloser(strings.NewReader("ok")), Request: r}, nil
		},
		"the HTTP client panicked: with (the API key)": func(r *http.Request) (*http.Response, error) {
			panic("with " + r.Header.Get("dd-api-key"))
		},
		"the HTTP client panicked: asked, with (the API key)": func(*http.Request) (*http.Response, error) {
			return nil, (*deaf)(nil)
		},
		"the HTTP client ended its goroutine": func(*http.Request) (*http.Response, error) {
			runtime.Goexit()
			return nil, nil
		},
		"no route for (the API key)": func(r *http.Request) (*http.Response, error) {
			return nil, errors.New("no route for " + r.Header.Get("dd-api-key"))
		},
	} {
		s, request := senderOf(t, direct(t, "http://intake.example", nil), &http.Client{Transport: trip})
		if why == "" {
			mustAccept(t, s, request)
		} else {
			mustFail(t, s, request, why)
		}
		s.CloseIdle()
	}
	if len(seen) != 1 {
		t.Error(seen)
	}
}

func TestAClientThatHangsIsNotWaitedFor(t *testing.T) {
	over := make(chan struct{})
	defer close(over)
	plan := direct(t, "http://intake.example", nil)
	plan.RequestTimeout = 10 * time.Millisecond
	s, request := senderOf(t, plan, &http.Client{Transport: tripper(func(*http.Request) (*http.Response, error) {
		<-over
		return nil, errors.New("late")
	})})
	mustFail(t, s, request, "no answer within 10ms")
	// Its own timeout is under ours.
	server := stalls(t, func(http.ResponseWriter) {})
	s, request = senderOf(t, direct(t, server.URL, nil), &http.Client{Timeout: 20 * time.Millisecond})
	mustFail(t, s, request, "Client.Timeout")
}

func TestAnExporterGetsEveryRequest(t *testing.T) {
	var got *Exported
	for why, exporter := range map[string]func(*Exported) error{
		"":                          func(e *Exported) error { got = e; return nil },
		"full of (the API key)":     func(*Exported) error { return errors.New("full of " + testKey) },
		"the exporter panicked: no": func(*Exported) error { panic("no") },
		"the exporter panicked: asked, with (the API key)": func(*Exported) error { return (*deaf)(nil) },
		"the exporter ended its goroutine":                 func(*Exported) error { runtime.Goexit(); return nil },
	} {
		plan := direct(t, "http://intake.example/base", nil)
		s := New(plan, plan.Targets[0], exporter, nil)
		_, request := senderOf(t, plan, nil)
		answer, err := s.Send(context.Background(), request, "x")
		want := uint16(413)
		if why == "" {
			want = 202
		}
		if err != nil || answer.Status != want || answer.Excerpt != why || s.Name() != "the exporter" {
			t.Error(s.Name(), answer, err)
		}
		s.CloseIdle()
	}
	if got.Path != "/base/api/intake/llm-obs/v1/trace/spans" || string(got.Body) != `{"spans":[]}` || got.Spans != 3 || got.Evaluations != 2 {
		t.Errorf("%+v", got)
	}
	for url, path := range map[string]string{"http://h": "/", "": "/", "https://h/a?b=c": "/a?b=c"} {
		if found := pathOf(url); found != path {
			t.Error(url, found)
		}
	}
}

func TestTheVersionIsThatOfTheProject(t *testing.T) {
	text, err := os.ReadFile("../../../../Cargo.toml")
	if err != nil {
		t.Skip("this is not the project's own checkout")
	}
	found := regexp.MustCompile(`(?m)^version = "(.*)"`).FindSubmatch(text)
	if found == nil || string(found[1]) != Version {
		t.Errorf("%s is not %s", found, Version)
	}
}
