// Diagnostics for a person: each kind of problem once, in one sentence of the core.

package engine

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/witspan/witspan-go/internal/core"
	"github.com/witspan/witspan-go/internal/settings"
)

// topic is a kind of problem; a tracer reports each once, and the counters say how often it happened.
type topic uint8

const (
	topicConfiguration topic = iota
	topicNoAPIKey
	topicUnreachable
	topicRejected
	topicFull
	topicGivenUp
	topicAnnotation
	topicProcessor
	topicMisplaced
	topicTrap
	topicSignal
	topicEnded
	topics
)

// event is what the core makes a sentence of; wit/setup.wit names the members.
type event map[string]any

// notice waits to be logged: an event, or a sentence that a plan has already.
type notice struct {
	event event
	said  core.Diagnostic
}

// notices reports each topic once. A notice is made where the problem is found, often while an instance
// is locked, and delivered later, when no lock is held: a handler may call the tracer.
type notices struct {
	logger  *slog.Logger
	secrets *settings.Secrets
	waits   atomic.Bool
	mu      sync.Mutex
	told    [topics]bool
	waiting []notice
}

// tell makes a notice of the topic unless there was one. Only then the event is made.
func (n *notices) tell(about topic, of func() event) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.told[about] {
		return
	}
	n.told[about] = true
	n.waiting = append(n.waiting, notice{event: of()})
	n.waits.Store(true)
}

// tellPlan reports the diagnostics of a plan and the warnings about its settings, in one notice a topic.
func (n *notices) tellPlan(diagnostics []settings.Diagnostic, warnings []core.Warning) {
	const noKey = "no-api-key"
	said := [2]core.Diagnostic{{Code: "configuration"}, {Code: noKey}}
	var texts [2][]string
	for _, one := range diagnostics {
		at := 0
		if one.Code == noKey {
			at = 1
		}
		texts[at] = append(texts[at], one.Message)
		if one.Level == core.LevelError.String() {
			said[at].Level = core.LevelError
		}
	}
	for _, warning := range warnings {
		texts[0] = append(texts[0], warning.Message)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	for at, about := range []topic{topicConfiguration, topicNoAPIKey} {
		if len(texts[at]) > 0 && !n.told[about] {
			n.told[about] = true
			said[at].Message = strings.Join(texts[at], "; ")
			n.waiting = append(n.waiting, notice{said: said[at]})
			n.waits.Store(true)
		}
	}
}

// deliver logs the notices that wait. It is called with no lock held. A handler that panics is the
// application's, but its panic would reach a call that has nothing to do with it.
func (n *notices) deliver() {
	// This runs after every call, and there is nearly never a notice: a plain load comes first.
	if !n.waits.Load() || !n.waits.Swap(false) {
		return
	}
	n.mu.Lock()
	waiting := n.waiting
	n.waiting = nil
	n.mu.Unlock()
	var instance *core.Instance
	for _, one := range waiting {
		said := one.said
		if one.event != nil {
			if instance == nil {
				instance = core.New(System{})
				defer instance.Close()
			}
			given := text(one.event)
			var err error
			if said, err = instance.Diagnose(given); err != nil {
				said.Message = given
			}
		}
		n.log(said)
	}
}

// log passes a notice to the application's handler.
func (n *notices) log(said core.Diagnostic) {
	defer func() { _ = recover() }()
	level := slog.LevelWarn
	if said.Level == core.LevelError {
		level = slog.LevelError
	}
	logger := n.logger
	if logger == nil {
		logger = slog.Default()
	}
	// The text may quote what others sent: only here is it escaped for a log.
	message := "witspan: " + settings.Shown(n.secrets.Hide(said.Message))
	logger.Log(context.Background(), level, message, "code", said.Code)
}
