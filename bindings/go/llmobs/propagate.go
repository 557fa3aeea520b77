// Continuing a trace in another service: headers out, headers in.

package llmobs

import (
	"context"
	"net/http"

	"github.com/witspan/witspan-go/internal/core"
)

// Carrier holds headers. An http.Header is one. So are OpenTelemetry's carriers, whose method Keys is asked
// for all names; another carrier that has it is read whole too.
type Carrier interface {
	Get(key string) string
	Set(key, value string)
}

// MapCarrier is a carrier for anything that has names and texts, such as the properties of a message.
type MapCarrier map[string]string

// Get gives the text of a name.
func (c MapCarrier) Get(key string) string { return c[key] }

// Set sets the text of a name; a nil map keeps nothing.
func (c MapCarrier) Set(key, value string) {
	if c != nil {
		c[key] = value
	}
}

// Keys gives all names.
func (c MapCarrier) Keys() []string {
	keys := make([]string, 0, len(c))
	for key := range c {
		keys = append(keys, key)
	}
	return keys
}

// Inject sets the headers that continue the trace of the current span: Datadog's and W3C's. Ids that another
// tracer has set there stay. Without a current span nothing is set.
func Inject(ctx context.Context, carrier Carrier) {
	// A carrier is the application's code, and one that is a nil map panics when it is written to.
	defer func() { _ = recover() }()
	found := scopeOf(ctx)
	if carrier == nil || found.span == nil || found.remote != "" || !found.span.on() {
		return
	}
	if header, is := carrier.(http.Header); is && header == nil {
		return
	}
	headers, err := found.span.tracer.Inject(found.span.ref, headersOf(carrier))
	if err != nil {
		return
	}
	for _, header := range headers {
		carrier.Set(header.Name, header.Value)
	}
}

// Extract gives a context whose next span continues the trace that headers name; ctx itself where they name
// none.
func Extract(ctx context.Context, carrier Carrier) context.Context {
	found := scopeOf(ctx)
	tracer := found.tracing()
	if carrier == nil || tracer == nil {
		return found.Context
	}
	remote, err := tracer.Extract(readable(carrier))
	if err != nil {
		return found.Context
	}
	found.remote = remote
	return &found
}

// readable gives the headers of a carrier; none of one that panics.
func readable(carrier Carrier) (headers []core.Header) {
	defer func() {
		if cause := recover(); cause != nil {
			headers = nil
		}
	}()
	return headersOf(carrier)
}

func headersOf(carrier Carrier) (headers []core.Header) {
	switch of := carrier.(type) {
	case http.Header:
		for name, values := range of {
			for _, value := range values {
				headers = append(headers, core.Header{Name: name, Value: value})
			}
		}
	case interface{ Keys() []string }:
		for _, name := range of.Keys() {
			headers = append(headers, core.Header{Name: name, Value: carrier.Get(name)})
		}
	default:
		for _, name := range traceHeaders {
			if value := carrier.Get(name); value != "" {
				headers = append(headers, core.Header{Name: name, Value: value})
			}
		}
	}
	return headers
}

// traceHeaders are the headers of a trace, for a carrier that cannot say which it has.
var traceHeaders = []string{
	"traceparent", "tracestate",
	"x-datadog-trace-id", "x-datadog-parent-id", "x-datadog-sampling-priority", "x-datadog-origin", "x-datadog-tags",
}
