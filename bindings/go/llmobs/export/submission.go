// One submission: rows go into an instance of the core, which makes requests of them, and requests are sent one
// after the other, again where the core says so.

package export

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/witspan/witspan-go/internal/core"
	"github.com/witspan/witspan-go/internal/engine"
)

// snippetBytes is the most bytes of an answer that a result shows.
const snippetBytes = 512

// submission is one call. It has an instance of its own: calls of a client do not wait for each other.
type submission struct {
	client   *Client
	result   *Result
	instance *core.Instance
	// waiting are the rows that the instance holds, in its order.
	waiting []int
}

// put gives a row to the instance: what the core says, and whether a request may be due.
type put func(instance *core.Instance, row int) (dropped core.Option[core.DropReason], warnings []core.Warning, shouldPoll bool, err error)

// submit sends all rows; put gives one to the instance. The error is that of the context, or those of the batches.
func (c *Client) submit(ctx context.Context, rows int, put put, result *Result) (*Result, error) {
	if ctx == nil {
		ctx = context.Background()
	}
	s := &submission{client: c, result: result}
	defer func() {
		if s.instance != nil {
			s.instance.Close()
		}
	}()
	for row := range rows {
		if err := ctx.Err(); err != nil {
			return s.giveUp(err, row, rows)
		}
		if err := s.begin(); err != nil {
			return s.end(fmt.Errorf("llmobs/export: %w", err), append(s.waiting, until(row, rows)...))
		}
		dropped, warnings, shouldPoll, err := put(s.instance, row)
		for _, warning := range warnings {
			result.Warnings = append(result.Warnings, Warning{row, warning.Field, warning.Message})
		}
		switch {
		case err != nil:
			s.refused(row, err)
		case dropped.Has:
			s.invalid(row, CodeTooLarge, "the row is longer than what is sent of one, also after its texts were cut", nil)
		default:
			s.waiting = append(s.waiting, row)
		}
		if shouldPoll {
			if err := s.send(ctx, core.PollModeDue); err != nil {
				return s.giveUp(err, row+1, rows)
			}
		}
	}
	if err := s.send(ctx, core.PollModeEverything); err != nil {
		return s.giveUp(err, rows, rows)
	}
	return s.end(nil, s.waiting)
}

// begin makes an instance, if there is none.
func (s *submission) begin() error {
	if s.instance != nil {
		return nil
	}
	instance := core.New(engine.System{})
	if _, err := instance.Configure(s.client.settings); err != nil {
		instance.Close()
		return err
	}
	s.instance = instance
	return nil
}

// refused notes a row that the core did not take.
func (s *submission) refused(row int, err error) {
	var known ValidationError
	if errors.As(err, &known) {
		s.invalid(row, known.Code, known.Reason, known.cause)
		return
	}
	var trap *core.Trap
	if errors.As(err, &trap) {
		// The instance is gone, and what it held with it. The next row gets a new one.
		s.failed(append(s.waiting, row), fmt.Errorf("llmobs/export: %w", trap), false)
		s.waiting, s.instance = nil, nil
		return
	}
	code := CodeNotEncodable
	if refused, is := err.(core.Error); is && refused.Tag == core.ErrorInvalidArgument {
		code = codeOf(refused.InvalidArgument.Field)
	}
	s.invalid(row, code, err.Error(), err)
}

// codeOf gives the code of a field that the core refuses.
func codeOf(field string) ErrorCode {
	switch name, _, _ := strings.Cut(field, "."); {
	case strings.HasPrefix(name, "links"):
		return CodeInvalidLink
	case name == "label":
		return CodeMissingLabel
	case name == "value", name == "timestamp_ms":
		return CodeInvalidValue
	}
	return CodeNotEncodable
}

func (s *submission) invalid(row int, code ErrorCode, reason string, cause error) {
	s.result.ValidationErrors = append(s.result.ValidationErrors, ValidationError{row, code, reason, cause})
}

func (s *submission) failed(rows []int, err error, retriable bool) {
	if len(rows) > 0 {
		s.result.Requests = append(s.result.Requests, RequestResult{InputIndices: rows, Retriable: retriable, Err: err})
	}
}

// giveUp notes the rows that will not be sent because the context ended.
func (s *submission) giveUp(cause error, from, rows int) (*Result, error) {
	s.failed(append(s.waiting, until(from, rows)...), fmt.Errorf("llmobs/export: the batch was not sent: %w", cause), true)
	s.result.count()
	return s.result, fmt.Errorf("llmobs/export: the export was given up: %w", cause)
}

// end counts; rows are those that the instance still holds, which only its failure leaves.
func (s *submission) end(err error, rows []int) (*Result, error) {
	if err == nil {
		err = errors.New("llmobs/export: the core gave no request for these rows")
	}
	s.failed(rows, err, false)
	s.result.count()
	return s.result, s.result.failures()
}

// send sends the requests that are ready. The error is that of the context, if rows are left.
func (s *submission) send(ctx context.Context, mode core.PollMode) error {
	for s.instance != nil && len(s.waiting) > 0 {
		if mode == core.PollModeEverything && ctx.Err() != nil {
			return ctx.Err()
		}
		action, err := s.instance.Poll(mode)
		if err != nil || action.Tag != core.ActionSend {
			return nil
		}
		count := min(int(action.Request.Spans+action.Request.Evaluations), len(s.waiting))
		rows := s.waiting[:count:count]
		s.waiting = s.waiting[count:]
		sent := RequestResult{InputIndices: rows}
		s.deliver(ctx, &action.Request, &sent)
		s.result.Requests = append(s.result.Requests, sent)
	}
	return nil
}

// deliver sends a request until the core says that this is enough, or the context ends.
func (s *submission) deliver(ctx context.Context, request *core.Request, sent *RequestResult) {
	for {
		sent.Attempts++
		answer, err := s.client.sender.Send(ctx, request, "")
		outcome := core.Outcome{Tag: core.OutcomeTransportError}
		if err == nil {
			sent.StatusCode, sent.ResponseSnippet = int(answer.Status), snippet(answer.Excerpt)
			outcome = core.Outcome{
				Tag:      core.OutcomeResponse,
				Response: core.Response{Status: answer.Status, Headers: answer.Headers},
			}
			err = errors.New(strings.TrimSpace(fmt.Sprintf("answered %d %s", answer.Status, answer.Excerpt)))
		}
		disposition, failure := s.instance.Complete(request.ID, outcome)
		switch {
		case failure != nil:
			sent.Err = fmt.Errorf("llmobs/export: %w", failure)
			return
		case disposition.Tag == core.DispositionDelivered:
			return
		case ctx.Err() != nil:
			// Not retriable: it is not known whether the receiver got it, and the caller no longer waits.
			sent.Err = fmt.Errorf("llmobs/export: %s: %w", s.client.sender.Name(), orContext(ctx, err))
			return
		case disposition.Tag == core.DispositionDropped:
			sent.Err = fmt.Errorf("llmobs/export: %s: %w", s.client.sender.Name(), err)
			sent.Retriable = disposition.DropReason == core.DropReasonRetriesExhausted
			return
		}
		if !pause(ctx, time.Duration(disposition.Number)) {
			sent.Err = fmt.Errorf("llmobs/export: %s: %w", s.client.sender.Name(), orContext(ctx, err))
			return
		}
	}
}

// orContext gives an error that is the context's too.
func orContext(ctx context.Context, err error) error {
	if errors.Is(err, ctx.Err()) {
		return err
	}
	return fmt.Errorf("%w, and then: %w", err, ctx.Err())
}

// pause waits; false if the context ends first.
func pause(ctx context.Context, wait time.Duration) bool {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func snippet(text string) string {
	if len(text) <= snippetBytes {
		return text
	}
	end := snippetBytes
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// until gives the numbers from one to before another.
func until(from, to int) []int {
	rows := make([]int, 0, max(to-from, 0))
	for row := from; row < to; row++ {
		rows = append(rows, row)
	}
	return rows
}
