// Through real proxies and TLS, and around them.

package sender

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// proxyTo is a proxy for everything, which leads CONNECT to one place and answers all else itself.
func proxyTo(t testing.TB, place string) *receiver {
	return serve(t, httptest.NewServer, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodConnect {
			accepts(w, r)
			return
		}
		if place == "" {
			http.Error(w, "no, "+r.Header.Get("proxy-authorization"), http.StatusProxyAuthRequired)
			return
		}
		there, err := net.Dial("tcp", place)
		if err != nil {
			t.Error(err)
			return
		}
		here, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		fmt.Fprint(here, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(there, here); there.Close() }()
		go func() { _, _ = io.Copy(here, there); here.Close() }()
	})
}

func withUser(url string) string { return strings.Replace(url, "://", "://user:hunter22@", 1) }

func TestAProxySendsAPlainRequestOn(t *testing.T) {
	proxy := proxyTo(t, "")
	plan := direct(t, "http://intake.example:8080", map[string]string{"https_proxy": withUser(proxy.URL), "HTTP_PROXY": "http://127.0.0.1:1"})
	s, request := senderOf(t, plan, nil)
	mustAccept(t, s, request)
	got := proxy.requests()[0]
	if got.url != "http://intake.example:8080/api/intake/llm-obs/v1/trace/spans" || got.header.Get("dd-api-key") != testKey {
		t.Errorf("%+v", got)
	}
	if got.header.Get("proxy-authorization") != "Basic dXNlcjpodW50ZXIyMg==" {
		t.Errorf("%+v", got)
	}
	// The kept connection knows the password by now.
	for _, verb := range []string{"%+v", "%s", "%q", "%d"} {
		if printed := fmt.Sprintf(verb+verb, s, plan); strings.Contains(printed, "hunter22") {
			t.Error(printed)
		}
	}
}

func TestATunnelHidesTheKeyFromTheProxy(t *testing.T) {
	server := serve(t, httptest.NewTLSServer, accepts)
	proxy := proxyTo(t, server.Listener.Addr().String())
	// The server's certificate is for this name.
	plan := direct(t, "https://example.com", map[string]string{
		"ALL_PROXY": withUser(proxy.URL), "SSL_CERT_FILE": certificateOf(t, server.Server),
	})
	s, request := senderOf(t, plan, nil)
	mustAccept(t, s, request)
	mustAccept(t, s, request)
	through := proxy.requests()
	if len(through) != 1 || through[0].host != "example.com:443" || through[0].header.Get("dd-api-key") != "" ||
		through[0].header.Get("proxy-authorization") != "Basic dXNlcjpodW50ZXIyMg==" {
		t.Errorf("%+v", through)
	}
	if got := server.requests(); len(got) != 2 || got[0].header.Get("dd-api-key") != testKey || got[0].header.Get("proxy-authorization") != "" {
		t.Errorf("%+v", got)
	}
}

func TestAProxyThatRefusesIsNamed(t *testing.T) {
	proxy := proxyTo(t, "")
	s, request := senderOf(t, direct(t, "https://intake.example", map[string]string{"ALL_PROXY": withUser(proxy.URL)}), nil)
	mustFail(t, s, request, "the proxy answered 407")
	s, request = senderOf(t, direct(t, "https://intake.example", map[string]string{"ALL_PROXY": "ftp://u:hunter22@p"}), nil)
	mustFail(t, s, request, "`ALL_PROXY` names a proxy that cannot be used")
}

func TestNoProxyIsBetweenHereAndHere(t *testing.T) {
	proxy := proxyTo(t, "")
	server := serve(t, httptest.NewServer, accepts)
	_, port, _ := net.SplitHostPort(server.Listener.Addr().String())
	for _, origin := range []string{server.URL, "http://localhost:" + port} {
		s, request := senderOf(t, direct(t, origin, map[string]string{"ALL_PROXY": proxy.URL}), nil)
		mustAccept(t, s, request)
	}
	// A name that nobody resolves fails without the proxy.
	environment := map[string]string{"ALL_PROXY": proxy.URL, "NO_PROXY": "*.invalid"}
	s, request := senderOf(t, direct(t, "http://intake.invalid", environment), nil)
	mustFail(t, s, request, "intake.invalid")
	if got := proxy.requests(); len(got) > 0 {
		t.Errorf("%+v", got)
	}
}

func TestASocksProxyIsUsed(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	greeting := make(chan byte, 1)
	go func() {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		defer connection.Close()
		begin := make([]byte, 1)
		if _, err := io.ReadFull(connection, begin); err == nil {
			greeting <- begin[0]
		}
	}()
	plan := direct(t, "http://intake.example", map[string]string{"ALL_PROXY": "socks5://u:hunter22@" + listener.Addr().String()})
	s, request := senderOf(t, plan, nil)
	mustFail(t, s, request, "socks")
	if version := <-greeting; version != 5 {
		t.Error(version)
	}
}

func TestOnlyTheCertificatesOfTheFileAreTrusted(t *testing.T) {
	server := serve(t, httptest.NewTLSServer, accepts)
	s, request := senderOf(t, direct(t, server.URL, map[string]string{"SSL_CERT_FILE": certificateOf(t, server.Server)}), nil)
	mustAccept(t, s, request)
	s, request = senderOf(t, direct(t, server.URL, nil), nil)
	mustFail(t, s, request, "certificate")
	// A file that cannot be used is no reason to trust others.
	s, request = senderOf(t, direct(t, server.URL, map[string]string{"SSL_CERT_FILE": "/not/there"}), nil)
	mustFail(t, s, request, "certificate")
	if got := server.requests(); len(got) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestDiscovery(t *testing.T) {
	const sign = `{"endpoints": ["/evp_proxy/v2/"]}`
	for name, one := range map[string]struct {
		answer http.HandlerFunc
		found  bool
	}{
		"found":     {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, sign) }, true},
		"otherwise": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"endpoints": ["/v0.4/traces"]}`) }, false},
		"an error": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, sign)
		}, false},
		"moved": {func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/info" {
				http.Redirect(w, r, "/there", http.StatusFound)
				return
			}
			fmt.Fprint(w, sign)
		}, false},
		"too late in the answer": {func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, strings.Repeat(" ", 1<<20), sign)
		}, false},
		"broken off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("content-length", "1000")
			fmt.Fprint(w, sign)
		}, false},
		"silent": {func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, false},
	} {
		t.Run(name, func(t *testing.T) {
			server := serve(t, httptest.NewServer, one.answer)
			plan := planOf(t, map[string]string{"DD_TRACE_AGENT_URL": withUser(server.URL)}, map[string]string{"request_timeout": "0.3"})
			if found := Finds(context.Background(), plan, plan.Discovery, nil); found != one.found {
				t.Error(found)
			}
			got := server.requests()
			if len(got) != 1 || got[0].url != "/info" || got[0].header.Get("authorization") != "Basic dXNlcjpodW50ZXIyMg==" {
				t.Errorf("%+v", got)
			}
		})
	}
	plan := planOf(t, map[string]string{"DD_TRACE_AGENT_URL": "http://127.0.0.1:1"}, nil)
	if Finds(context.Background(), plan, plan.Discovery, nil) {
		t.Error("nobody is there")
	}
	client := &http.Client{Transport: tripper(func(*http.Request) (*http.Response, error) { panic("no") })}
	if Finds(context.Background(), plan, plan.Discovery, client) {
		t.Error("the application's client panicked")
	}
}
