// One request and its answer, on their way to becoming a span.

package llmhttp

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/witspan/witspan-go/internal/provider"
	"github.com/witspan/witspan-go/llmobs"
)

// errPanic is what a span has if the code below panicked. The panic itself goes on to the application.
var errPanic = errors.New("the client panicked while the request was sent")

// seen marks a request's context, so that a transport below the middleware does not trace it again.
type seen struct{}

// An exchange may be used by several goroutines: one may read the answer while another closes it.
//
// Its span is made when all is known, since a span's model is said at its start, and the answer knows it best.
type exchange struct {
	ctx     context.Context
	parent  *llmobs.AnySpan // as it was when the request began, whether it ends before the answer or not
	started time.Time

	mu    sync.Mutex
	call  *provider.Call
	body  *copied // of the request; nil once it is read
	ended bool
}

// begin gives nil if the request is not to be traced, else the request to send in its place.
func begin(req *http.Request) (x *exchange, sent *http.Request) {
	// Whatever goes wrong here, the request is sent as it was.
	defer func() {
		if recover() != nil {
			x, sent = nil, nil
		}
	}()
	if req == nil || req.URL == nil {
		return nil, nil
	}
	route, known := provider.Recognise(req.Method, req.URL, req.Header)
	if !known {
		return nil, nil
	}
	ctx := req.Context()
	if !llmobs.Enabled(ctx) || ctx.Value(seen{}) != nil {
		return nil, nil
	}
	parent, _ := llmobs.SpanFromContext(ctx)
	sent = req.WithContext(context.WithValue(ctx, seen{}, true))
	body := copyOf(req, sent)
	x = &exchange{ctx: ctx, parent: parent, started: time.Now(), call: route.Request(nil), body: body}
	if attempt, err := strconv.Atoi(req.Header.Get("X-Stainless-Retry-Count")); err == nil {
		x.call.Metadata["retry_count"] = attempt
	}
	return x, sent
}

// answered takes what came back, and has the answer's body copied as it is read.
func (x *exchange) answered(req, sent *http.Request, resp *http.Response, err error) {
	if err != nil || resp == nil {
		x.end(err)
		return
	}
	if resp.Request == sent {
		resp.Request = req
	}
	x.guarded(func() {
		// What was asked is read now, and not before the request was sent.
		if x.body.isWhole() {
			x.asked()
		}
		x.call.Begin(resp.StatusCode, resp.Header)
	})
	if resp.Body == nil || resp.Body == http.NoBody {
		x.end(io.EOF)
		return
	}
	resp.Body = &answer{resp.Body, x}
}

func (x *exchange) asked() {
	if x.body == nil {
		return
	}
	body, leftOut := x.body.taken()
	x.body = nil
	if len(body) > 0 {
		x.call.Asked(body, leftOut)
	}
}

// read takes what the application has read.
func (x *exchange) read(piece []byte, err error) {
	x.guarded(func() {
		if len(piece) > 0 {
			x.call.Chunk(piece)
		}
		if err != nil || x.call.Over() {
			if err == nil {
				err = io.EOF
			}
			x.record(err)
		}
	})
}

// end ends the span if nothing else has; nil says that the application reads no further.
func (x *exchange) end(err error) {
	x.guarded(func() { x.record(err) })
}

// guarded runs code of ours: it does not panic into the application, and does nothing after the end.
func (x *exchange) guarded(code func()) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.ended {
		return
	}
	defer func() {
		if recover() != nil {
			x.ended = true
		}
	}()
	code()
}

func (x *exchange) record(err error) {
	x.ended = true
	x.asked()
	x.call.End(withoutSecrets(err))
	call := x.call
	start := llmobs.StartSpanOption{
		ModelName: call.Model, ModelProvider: call.Provider, Integration: call.Integration, StartTime: x.started,
	}
	if x.parent != nil {
		start.Parent = x.parent
	}
	says := llmobs.AnnotateOption{Metadata: call.Metadata, Metrics: call.Metrics}
	for _, tool := range call.Tools {
		says.ToolDefinitions = append(says.ToolDefinitions, llmobs.ToolDefinition{
			Name: tool.Name, Description: tool.Description, Schema: tool.Schema,
		})
	}
	var span llmobs.Span
	if call.Kind == provider.Embedding {
		if len(call.Documents) > 0 {
			says.Input = call.Documents
		}
		if call.Embedded != "" {
			says.Output = call.Embedded
		}
		span, _ = llmobs.StartEmbeddingSpan(x.ctx, call.Name, start)
	} else {
		if len(call.Input) > 0 {
			says.Input = call.Input
		}
		if len(call.Output) > 0 {
			says.Output = call.Output
		}
		span, _ = llmobs.StartLLMSpan(x.ctx, call.Name, start)
	}
	span.Annotate(says)
	span.Finish(llmobs.WithError(call.Err))
}

// withoutSecrets takes the query from an address that an error names: Google's keys may be in it.
func withoutSecrets(err error) error {
	var failed *url.Error
	if !errors.As(err, &failed) {
		return err
	}
	address, parsed := url.Parse(failed.URL)
	if parsed != nil || address.RawQuery == "" {
		return err
	}
	address.RawQuery = ""
	return &url.Error{Op: failed.Op, URL: address.String(), Err: failed.Err}
}
