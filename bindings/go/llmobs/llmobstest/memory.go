// The memory of a recorder: the very bodies that would be sent, and what they say, each read once.

package llmobstest

import (
	"bytes"
	"encoding/json"
	"errors"
	"sync"

	"github.com/witspan/witspan-go/internal/sender"
)

// memory keeps what has arrived, up to a limit of bytes.
type memory struct {
	limit int

	mu     sync.Mutex
	bytes  int
	unread [][]byte
	spans  []Span
	// evaluations are those of evaluators, feedback those of users and agents.
	evaluations []Evaluation
	feedback    []Feedback
}

var errFull = errors.New("the recorder is full")

// take is the exporter. What does not fit is counted by the tracer as rejected.
func (m *memory) take(request *sender.Exported) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.bytes+len(request.Body) > m.limit {
		return errFull
	}
	m.bytes += len(request.Body)
	m.unread = append(m.unread, request.Body)
	return nil
}

func (m *memory) clear() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.bytes, m.unread, m.spans, m.evaluations, m.feedback = 0, nil, nil, nil, nil
}

// read gives everything so far. It fails only if the format of bodies has changed.
func (m *memory) read() (spans []Span, evaluations []Evaluation, feedback []Feedback, failed error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, body := range m.unread {
		if err := m.readBody(body); err != nil {
			failed = err
		}
	}
	if len(m.unread) > 0 {
		m.unread = nil
		m.spans = inOrder(m.spans)
	}
	return append([]Span(nil), m.spans...), append([]Evaluation(nil), m.evaluations...),
		append([]Feedback(nil), m.feedback...), failed
}

func (m *memory) readBody(body []byte) error {
	if bytes.HasPrefix(body, []byte("[")) {
		var envelopes []struct{ Spans []json.RawMessage }
		if err := json.Unmarshal(body, &envelopes); err != nil {
			return err
		}
		for _, envelope := range envelopes {
			for _, text := range envelope.Spans {
				span, err := spanOf(text)
				if err != nil {
					return err
				}
				m.spans = append(m.spans, span)
			}
		}
		return nil
	}
	var envelope struct {
		Data struct {
			Attributes struct{ Metrics []json.RawMessage }
		}
	}
	if err := json.Unmarshal(body, &envelope); err != nil {
		return err
	}
	for _, text := range envelope.Data.Attributes.Metrics {
		metric, err := metricOf(text)
		if err != nil {
			return err
		}
		if metric.Kind == "feedback" {
			m.feedback = append(m.feedback, metric.feedback())
		} else {
			m.evaluations = append(m.evaluations, metric.evaluation())
		}
	}
	return nil
}

// both reads a text into a type, and into a map with everything. A member of another type than expected is only in
// the map.
func both(text []byte, into any) (raw map[string]any, err error) {
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, err
	}
	var other *json.UnmarshalTypeError
	if err := json.Unmarshal(text, into); err != nil && !errors.As(err, &other) {
		return nil, err
	}
	return raw, nil
}
