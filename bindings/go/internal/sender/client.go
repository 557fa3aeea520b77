// The HTTP client of a sender: which proxy, certificates and socket a connection uses.

package sender

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/witspan/witspan-go/internal/settings"
)

// idleTimeout is how long a connection is kept, also if nobody closes it.
const idleTimeout = 30 * time.Second

// clientFor makes a client for a URL, or takes the application's, whose connections are not ours to close.
func clientFor(plan *settings.Plan, to, socket string, timeout time.Duration, given *http.Client) (
	do func(*http.Request) (*http.Response, error), closeIdle func(),
) {
	if given != nil && socket == "" {
		client := *given
		client.CheckRedirect = stay
		return client.Do, func() {}
	}
	// The request's context ends before these timeouts. They end a connection that is made for a request
	// that has been given up.
	dialer := &net.Dialer{Timeout: timeout}
	transport := &http.Transport{
		DialContext:         dialer.DialContext,
		TLSHandshakeTimeout: timeout,
		IdleConnTimeout:     idleTimeout,
		MaxIdleConns:        2,
		// Nothing is gained for so short answers.
		DisableCompression:     true,
		MaxResponseHeaderBytes: 64 << 10,
		Protocols:              &http.Protocols{},
	}
	// As in the other hosts: with one request at a time HTTP/2 gains nothing.
	transport.Protocols.SetHTTP1(true)
	if plan.Roots != nil && needsTLS(plan, to) {
		transport.TLSClientConfig = &tls.Config{RootCAs: plan.Roots(), MinVersion: tls.VersionTLS12}
	}
	if socket != "" {
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", socket)
		}
	} else {
		transport.Proxy = func(request *http.Request) (*url.URL, error) { return plan.Proxy(request.URL) }
		transport.OnProxyConnectResponse = checkTunnel
	}
	client := &http.Client{Transport: transport, CheckRedirect: stay}
	return client.Do, transport.CloseIdleConnections
}

// needsTLS says whether certificates will be looked at: to read them takes milliseconds.
func needsTLS(plan *settings.Plan, to string) bool {
	parsed, err := url.Parse(to)
	if err != nil || parsed.Scheme == "https" {
		return true
	}
	proxy, err := plan.Proxy(parsed)
	return err != nil || proxy != nil && proxy.Scheme == "https"
}

// stay follows no redirect: it might lead the key elsewhere, and a POST would become a GET.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// checkTunnel says who refused: net/http would give the status alone, as if it were the receiver's.
func checkTunnel(_ context.Context, _ *url.URL, _ *http.Request, answer *http.Response) error {
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("the proxy answered %d", answer.StatusCode)
	}
	return nil
}
