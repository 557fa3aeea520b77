// Asks an agent whether it takes spans.

package sender

import (
	"bytes"
	"context"
	"io"
	"net/http"

	"github.com/witspan/witspan-go/internal/settings"
)

// Finds tells whether an agent takes spans. One that does not answer in time does not. The client is as in
// [New].
func Finds(ctx context.Context, plan *settings.Plan, discovery *settings.Discovery, client *http.Client) bool {
	ctx, cancel := context.WithTimeout(ctx, discovery.Timeout)
	defer cancel()
	do, closeIdle := clientFor(plan, discovery.URL, discovery.Socket, discovery.Timeout, client)
	defer closeIdle()
	found, err := safely(ctx, "the HTTP client", func() (bool, error) {
		get, err := http.NewRequestWithContext(ctx, http.MethodGet, discovery.URL, nil)
		if err != nil {
			return false, err
		}
		sign(get, plan.Secrets, discovery.Credentials)
		answer, err := do(get)
		if err != nil {
			return false, err
		}
		defer answer.Body.Close()
		body, err := io.ReadAll(io.LimitReader(answer.Body, discovery.AnswerBytes))
		isSuccess := answer.StatusCode >= 200 && answer.StatusCode <= 299
		return isSuccess && bytes.Contains(body, []byte(discovery.Sign)), err
	})
	return found && err == nil
}
