// Streams: nothing is held back, and the span ends when they do.

package llmhttp_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/witspan/witspan-go/llmobs"
)

// The application gets each event when it comes, and the span ends with the last one, although nobody closes.
func TestAStreamIsNotHeldBack(t *testing.T) {
	spans := record(t)
	next := make(chan bool)
	events := strings.SplitAfter(streamed, "\n\n")
	server := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for _, event := range events {
			_, _ = io.WriteString(w, event)
			w.(http.Flusher).Flush()
			<-next
		}
	})
	defer close(next)
	resp, err := client().Do(post(t, context.Background(), server.URL, asked))
	if err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(resp.Body)
	got := ""
	for at := range 3 {
		if len(spans()) != 0 {
			t.Fatal("the span ended early")
		}
		for range 2 {
			line, err := reader.ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			got += line
		}
		if at < 2 {
			next <- true
		}
	}
	span := only(t, spans())
	if got != streamed || text(span.Output) != "assistant: Hello" || span.Metrics["time_to_first_token"] <= 0 ||
		span.Metrics["time_to_first_token"] > span.Duration.Seconds() {
		t.Errorf("%q %+v", got, span)
	}
}

func TestAStreamThatTheApplicationLeaves(t *testing.T) {
	spans := record(t)
	server := serve(t, func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, streamed[:40+len("\n\n")])
		w.(http.Flusher).Flush()
		<-req.Context().Done()
	})
	resp, err := client().Do(post(t, context.Background(), server.URL, asked))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = resp.Body.Read(make([]byte, 4096))
	reading := make(chan error)
	go func() {
		_, err := resp.Body.Read(make([]byte, 4096))
		reading <- err
	}()
	time.Sleep(10 * time.Millisecond)
	_ = resp.Body.Close()
	<-reading
	_ = resp.Body.Close()
	span := only(t, spans())
	if span.Error != nil && !strings.Contains(span.Error.Message, "closed") {
		t.Errorf("%+v", span)
	}
	if !strings.HasPrefix(text(span.Output), "assistant: Hel") {
		t.Errorf("%+v", span.Output)
	}

	// Closing without a read in between is no error.
	resp, err = client().Do(post(t, context.Background(), server.URL, asked))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = resp.Body.Read(make([]byte, 4096))
	_ = resp.Body.Close()
	span = spans()[1]
	if span.Status != "ok" || span.Metadata["answer_incomplete"] != true {
		t.Errorf("%+v", span)
	}

	// That the context was cancelled is what the reader gets, and so does the span.
	ctx, cancel := context.WithCancel(context.Background())
	resp, err = client().Do(post(t, ctx, server.URL, asked))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = resp.Body.Read(make([]byte, 4096))
	cancel()
	_, err = io.ReadAll(resp.Body)
	if span = spans()[2]; !errors.Is(err, context.Canceled) || span.Error == nil || span.Error.Message != "context canceled" {
		t.Errorf("%v %+v", err, span)
	}
}

// An answer may come after the span around the request has ended.
func TestAParentThatEndsEarlier(t *testing.T) {
	spans := record(t)
	server := model(t, 200, "text/event-stream", streamed)
	outer, ctx := llmobs.StartWorkflowSpan(context.Background(), "outer")
	inner, ctx := llmobs.StartTaskSpan(ctx, "inner")
	resp, err := client().Do(post(t, ctx, server.URL, asked))
	if err != nil {
		t.Fatal(err)
	}
	inner.Finish()
	_, _ = io.Copy(io.Discard, resp.Body)
	if all := spans(); len(all) != 2 || all[1].ParentID != inner.SpanID() {
		t.Errorf("%+v", all)
	}
	outer.Finish()
}
