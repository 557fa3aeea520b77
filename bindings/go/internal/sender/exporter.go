// Exporters: functions of the application that take requests in place of HTTP.

package sender

import (
	"context"
	"net/http"
	"strings"

	"github.com/witspan/witspan-go/internal/core"
)

// Exported is one request, as it would be sent.
type Exported struct {
	// Path begins with "/". It distinguishes spans from evaluations.
	Path string
	// Body is JSON in UTF-8, in the format that the option intake names.
	Body []byte
	// Spans and Evaluations count what the body holds.
	Spans, Evaluations uint32
}

// export gives the result of an exporter as an answer, which the core understands.
func (s *Sender) export(request *core.Request) Answer {
	exported := &Exported{
		Path: pathOf(request.URL), Body: request.Body,
		Spans: request.Spans, Evaluations: request.Evaluations,
	}
	answer, err := safely(context.Background(), "the exporter", func() (Answer, error) {
		if err := s.exporter(exported); err != nil {
			return s.refused(err), nil
		}
		return Answer{Status: http.StatusAccepted}, nil
	})
	if err != nil {
		return s.refused(err)
	}
	return answer
}

func (s *Sender) refused(err error) Answer {
	return Answer{Status: http.StatusRequestEntityTooLarge, Excerpt: s.secrets.Excerpt(err.Error())}
}

// pathOf gives what follows the host.
func pathOf(url string) string {
	if _, rest, has := strings.Cut(url, "://"); has {
		url = rest
	}
	if at := strings.IndexByte(url, '/'); at >= 0 {
		return url[at:]
	}
	return "/"
}
