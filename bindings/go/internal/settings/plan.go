// The plan: everything that a tracer needs to start, as the core wrote it.

package settings

import (
	"crypto/x509"
	"encoding/json"
	"maps"
	"math"
	"net/url"
	"slices"
	"time"

	"github.com/witspan/witspan-go/internal/core"
)

// Plan is everything that a tracer needs to start. It may be printed: no way of printing shows a secret.
type Plan struct {
	// Enabled says whether anything is traced; WhyDisabled says why not.
	Enabled     bool
	WhyDisabled string
	// Settings is the JSON text for Configure of every instance.
	Settings string
	// Targets are where spans go; nil while an agent is to be asked.
	Targets []Target
	// Discovery is what to ask an agent first; nil if it is known where spans go.
	Discovery *Discovery
	// RequestTimeout is how long one request may take.
	RequestTimeout time.Duration
	// FlushTimeout is how long a flush waits by default.
	FlushTimeout time.Duration
	// ExitTimeout is how long the end of the program waits for the last spans.
	ExitTimeout time.Duration
	// HandleSignals says whether spans are sent before a signal ends the process; SignalsSaid, whether
	// the environment or the code says so, and not only the default.
	HandleSignals, SignalsSaid bool
	// LacksKey says that spans go to an agent only because there is no key.
	LacksKey bool
	// Diagnostics has one for each setting that was not understood or cannot work: all are to be shown.
	Diagnostics []Diagnostic
	Secrets     *Secrets
	// Roots reads the only certificates that are trusted; nil for those of the system.
	Roots func() *x509.CertPool `json:"-"`

	// By a function, so that a printed plan shows no password.
	proxy func(host string) (*url.URL, error)
}

// Target is a receiver.
type Target struct {
	// ID names it in requests.
	ID string `json:"id"`
	// Name is its address, for a person.
	Name string `json:"name"`
	// Socket is the path of the unix socket to connect to in place of the URL's host, or empty.
	Socket string `json:"socket"`
	// Spans is where spans go. Its URL is empty if nothing can be sent.
	Spans Endpoint `json:"spans"`
}

// Endpoint is where requests of one kind go.
type Endpoint struct {
	URL string `json:"url"`
}

// Discovery asks an agent whether it takes spans.
type Discovery struct {
	// URL is what to get, over Socket if that is not empty.
	URL, Socket string
	Credentials []core.Credential
	// Timeout is how long the answer may take.
	Timeout time.Duration
	// AnswerBytes is how many bytes of its body are read at most.
	AnswerBytes int64
	// Sign is a text in the body of an agent that takes spans.
	Sign string
	// Found are the targets if it does, for SetTargets, [Plan.WithTargets] and [TargetsOf]; Otherwise
	// those if it does not, or does not answer.
	Found, Otherwise json.RawMessage
}

// Diagnostic is one sentence for a person.
type Diagnostic struct {
	// Level is the name of a [core.Level].
	Level string `json:"level"`
	// Code is the kind of diagnostic.
	Code string `json:"code"`
	// Message is one line.
	Message string `json:"message"`
}

// WithTargets gives Settings with these targets, for instances that are made after discovery.
func (p *Plan) WithTargets(targets json.RawMessage) string {
	settings, err := readObject([]byte(p.Settings))
	if err != nil {
		return p.Settings
	}
	return settings.without("await_targets").with("targets", targets).text()
}

// TargetsOf reads a list of targets as the core writes it.
func TargetsOf(list json.RawMessage) []Target {
	var targets []Target
	if json.Unmarshal(list, &targets) != nil {
		return nil
	}
	return targets
}

// rawPlan is a plan as the core writes it; wit/setup.wit says what each member is.
type rawPlan struct {
	Enabled        bool            `json:"enabled"`
	WhyDisabled    string          `json:"why_disabled"`
	Settings       json.RawMessage `json:"settings"`
	LacksKey       bool            `json:"lacks_key"`
	Discovery      *rawDiscovery   `json:"discovery"`
	RequestTimeout uint64          `json:"request_timeout_ns"`
	FlushTimeout   uint64          `json:"flush_timeout_ns"`
	ExitTimeout    uint64          `json:"exit_timeout_ns"`
	HandleSignals  bool            `json:"handle_signals"`
	Diagnostics    []Diagnostic    `json:"diagnostics"`
}

type rawDiscovery struct {
	URL         string          `json:"url"`
	Socket      string          `json:"socket"`
	Credentials []rawCredential `json:"credentials"`
	Timeout     uint64          `json:"timeout_ns"`
	AnswerBytes uint32          `json:"answer_bytes"`
	Sign        string          `json:"sign"`
	Found       json.RawMessage `json:"found"`
	Otherwise   json.RawMessage `json:"otherwise"`
}

type rawCredential struct {
	Header string `json:"header"`
	Secret string `json:"secret"`
	Form   string `json:"form"`
}

func readPlan(text []byte, tags map[string]string, exporter bool) (*Plan, error) {
	var raw rawPlan
	if err := json.Unmarshal(text, &raw); err != nil {
		return nil, err
	}
	settings, err := readObject(raw.Settings)
	if err != nil {
		return nil, err
	}
	if settings, err = withTags(settings, tags); err != nil {
		return nil, err
	}
	if exporter {
		if settings, err = withoutDrops(settings); err != nil {
			return nil, err
		}
	}
	return &Plan{
		Enabled:        raw.Enabled,
		WhyDisabled:    raw.WhyDisabled,
		Settings:       settings.text(),
		Targets:        TargetsOf(settings.get("targets")),
		Discovery:      raw.Discovery.read(),
		RequestTimeout: nanoseconds(raw.RequestTimeout),
		FlushTimeout:   nanoseconds(raw.FlushTimeout),
		ExitTimeout:    nanoseconds(raw.ExitTimeout),
		HandleSignals:  raw.HandleSignals,
		LacksKey:       raw.LacksKey,
		Diagnostics:    raw.Diagnostics,
	}, nil
}

func (d *rawDiscovery) read() *Discovery {
	if d == nil {
		return nil
	}
	var credentials []core.Credential
	for _, one := range d.Credentials {
		form := core.CredentialFormPlain
		if one.Form == core.CredentialFormBasic.String() {
			form = core.CredentialFormBasic
		}
		credentials = append(credentials, core.Credential{Header: one.Header, Secret: one.Secret, Form: form})
	}
	return &Discovery{
		URL:         d.URL,
		Socket:      d.Socket,
		Credentials: credentials,
		Timeout:     nanoseconds(d.Timeout),
		AnswerBytes: int64(d.AnswerBytes),
		Sign:        d.Sign,
		Found:       d.Found,
		Otherwise:   d.Otherwise,
	}
}

// withTags adds the tags of the code after those of the environment, whose order stays.
func withTags(settings object, own map[string]string) (object, error) {
	if len(own) == 0 {
		return settings, nil
	}
	var tags object
	if text := settings.get("tags"); text != nil {
		var err error
		if tags, err = readObject(text); err != nil {
			return nil, err
		}
	}
	for _, key := range slices.Sorted(maps.Keys(own)) {
		value, err := json.Marshal(own[key])
		if err != nil {
			return nil, err
		}
		tags = tags.without(key).with(key, value)
	}
	return settings.with("tags", json.RawMessage(tags.text())), nil
}

// withoutDrops has no target drop its spans: an exporter takes every request, whatever its target.
func withoutDrops(settings object) (object, error) {
	var targets []json.RawMessage
	if text := settings.get("targets"); text == nil || json.Unmarshal(text, &targets) != nil {
		return settings, nil
	}
	for at, text := range targets {
		target, err := readObject(text)
		if err != nil {
			return nil, err
		}
		targets[at] = json.RawMessage(target.without("drop").text())
	}
	text, err := json.Marshal(targets)
	return settings.with("targets", text), err
}

func nanoseconds(number uint64) time.Duration {
	return time.Duration(min(number, math.MaxInt64))
}
