// Plans and requests for the tests of this package, made by the core.

package sender

import (
	"context"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/witspan/witspan-go/internal/core"
	"github.com/witspan/witspan-go/internal/settings"
)

const testKey = "0123456789abcdef0123456789abcdef"

type clock struct{}

func (clock) Monotonic() uint64 { return 0 }
func (clock) Wall() uint64      { return 1_700_000_000_000_000_000 }
func (clock) Random() uint64    { return 4 }

// planOf makes a plan with a key, from these variables and from options without a variable.
func planOf(t testing.TB, environment map[string]string, options map[string]string) *settings.Plan {
	t.Helper()
	instance := core.New(clock{})
	defer instance.Close()
	lookup := func(name string) (string, bool) {
		if name == "DD_API_KEY" {
			return testKey, true
		}
		value, has := environment[name]
		return value, has
	}
	plan, err := settings.Make(instance, settings.Options{Values: options}, lookup)
	if err != nil {
		t.Fatal(err)
	}
	return plan
}

// direct makes a plan whose spans go with the key to an origin.
func direct(t testing.TB, origin string, environment map[string]string) *settings.Plan {
	t.Helper()
	options := map[string]string{"override_origin": origin, "agentless_enabled": "1"}
	return planOf(t, environment, options)
}

// senderOf makes a sender for the plan's target, and the request that the core would make for it.
func senderOf(t testing.TB, plan *settings.Plan, client *http.Client) (*Sender, *core.Request) {
	t.Helper()
	target := plan.Targets[0]
	s := New(plan, target, nil, client)
	t.Cleanup(s.CloseIdle)
	request := &core.Request{
		URL:     target.Spans.URL,
		Headers: []core.Header{{Name: "content-type", Value: "application/json"}},
		Credentials: []core.Credential{
			{Header: "dd-api-key", Secret: "DD_API_KEY"},
			{Header: "authorization", Secret: "DD_LLMOBS_OVERRIDE_ORIGIN", Form: core.CredentialFormBasic},
		},
		Body: []byte(`{"spans":[]}`), Spans: 3, Evaluations: 2,
	}
	if target.Socket != "" {
		request.Socket = core.Some(target.Socket)
	}
	return s, request
}

// received is a request that a server got.
type received struct {
	url, host, body string
	header          http.Header
}

type receiver struct {
	*httptest.Server
	mu  sync.Mutex
	got []received
}

func (r *receiver) requests() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.got
}

func (r *receiver) keep(request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got = append(r.got, received{request.URL.String(), request.Host, string(body), request.Header})
}

// serve starts a real server that keeps what it gets, then answers.
func serve(t testing.TB, start func(http.Handler) *httptest.Server, answer http.HandlerFunc) *receiver {
	r := &receiver{}
	r.Server = start(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.keep(request)
		answer(w, request)
	}))
	t.Cleanup(r.Close)
	return r
}

func accepts(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }

// certificateOf writes a server's certificate to a file.
func certificateOf(t testing.TB, server *httptest.Server) string {
	path := filepath.Join(t.TempDir(), "trusted.pem")
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func mustAccept(t testing.TB, s *Sender, request *core.Request) {
	t.Helper()
	answer, err := s.Send(context.Background(), request, "")
	if err != nil || answer.Status != http.StatusAccepted {
		t.Fatal(answer, err)
	}
}

// mustFail gives the error's text.
func mustFail(t testing.TB, s *Sender, request *core.Request, parts ...string) {
	t.Helper()
	answer, err := s.Send(context.Background(), request, "")
	if err == nil {
		t.Fatalf("%+v", answer)
	}
	for _, part := range parts {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("no %s in: %v", part, err)
		}
	}
	if strings.Contains(err.Error(), testKey) || strings.Contains(err.Error(), "hunter22") {
		t.Error("a secret is in the error")
	}
}
