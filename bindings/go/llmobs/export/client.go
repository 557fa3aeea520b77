// Package export sends spans and evaluations of elsewhere, such as those of a log or another system, without a
// tracer.
//
//	client, err := export.NewClient("my-app", export.WithAgentURL("http://localhost:8126"))
//	result, err := client.SubmitSpans(ctx, []export.SpanEvent{
//		export.NewSpanEvent(traceID, spanID, export.KindLLM, export.WithTiming(start, duration)),
//	})
//
// A call sends everything before it returns, in batches, each at most three times and as long as the context lasts.
// A row that cannot be sent costs only itself: [Result] says what became of each.
//
// It takes what github.com/DataDog/dd-trace-go/v2/llmobs/export takes. docs/differences.md says what is different.
package export

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/witspan/witspan-go/internal/core"
	"github.com/witspan/witspan-go/internal/engine"
	"github.com/witspan/witspan-go/internal/sender"
	"github.com/witspan/witspan-go/internal/settings"
)

// Client sends spans and evaluations. Any goroutine may use it. It holds nothing that must be closed: connections
// that are not used close after 30 seconds.
type Client struct {
	mlApp, service string
	// settings is what each instance of the core is configured with.
	settings string
	sender   *sender.Sender
}

// clientConfig is what the options say.
type clientConfig struct {
	options map[string]string
	// route is the name of the option that says where to send.
	route  string
	client *http.Client
}

// ClientOption is an option of [NewClient].
type ClientOption func(*clientConfig) error

// WithDatadogIntake has the client send to the intake itself. Empty texts mean DD_SITE, by default datadoghq.com, and
// DD_API_KEY.
func WithDatadogIntake(site, apiKey string) ClientOption {
	return func(config *clientConfig) error {
		config.options["agentless_enabled"] = "true"
		config.options["site"], config.options["api_key"] = site, apiKey
		return config.takes("WithDatadogIntake")
	}
}

// WithAgentURL has the client send to an agent: http://, https:// or unix://.
func WithAgentURL(agentURL string) ClientOption {
	return func(config *clientConfig) error {
		if err := checkAgentURL(strings.TrimRight(agentURL, "/")); err != nil {
			return fmt.Errorf("llmobs/export: invalid agent URL: %w", err)
		}
		config.options["agentless_enabled"] = "false"
		config.options["agent_url"] = strings.TrimRight(agentURL, "/")
		return config.takes("WithAgentURL")
	}
}

// WithService sets the service of spans that have none; default DD_SERVICE.
func WithService(service string) ClientOption { return option("service", service) }

// WithEnv sets the environment, such as prod; default DD_ENV.
func WithEnv(env string) ClientOption { return option("env", env) }

// WithVersion sets the application's version; default DD_VERSION.
func WithVersion(version string) ClientOption { return option("version", version) }

func option(name, value string) ClientOption {
	return func(config *clientConfig) error {
		config.options[name] = value
		return nil
	}
}

// WithHTTPClient has this client send the requests.
func WithHTTPClient(hc *http.Client) ClientOption {
	return func(config *clientConfig) error {
		config.client = hc
		return nil
	}
}

// attempts is how often a batch is sent at most. The caller waits, and can submit again what is retriable.
const attempts = "3"

// NewClient makes a client. Exactly one of [WithDatadogIntake] and [WithAgentURL] is required. It fails for a wrong
// option, and if nothing could be sent, as without an API key.
//
// Of the environment it reads what is about sending: the defaults that the options name, proxies, SSL_CERT_FILE, and
// DD_LLMOBS_OVERRIDE_ORIGIN, which replaces the route. What is about the program's own spans does not apply, such as
// DD_LLMOBS_ENABLED, DD_TAGS and sampling.
func NewClient(mlApp string, opts ...ClientOption) (*Client, error) {
	if mlApp == "" {
		return nil, errors.New("llmobs/export: mlApp is required")
	}
	config := &clientConfig{options: map[string]string{"enabled": "true", "ml_app": mlApp, "attempts": attempts}}
	for _, option := range opts {
		if option == nil {
			continue
		}
		if err := option(config); err != nil {
			return nil, err
		}
	}
	if config.route == "" {
		return nil, errors.New("llmobs/export: a route is required: WithDatadogIntake or WithAgentURL")
	}
	instance := core.New(engine.System{})
	defer instance.Close()
	plan, err := settings.Make(instance, settings.Options{Values: config.options}, lookup)
	if err != nil {
		return nil, fmt.Errorf("llmobs/export: %w", err)
	}
	for _, said := range plan.Diagnostics {
		text := settings.Shown(plan.Secrets.Hide(said.Message))
		if said.Level == core.LevelError.String() {
			return nil, errors.New("llmobs/export: " + text)
		}
		slog.Warn("witspan: "+text, "code", said.Code)
	}
	if len(plan.Targets) == 0 {
		return nil, errors.New("llmobs/export: the settings name no receiver")
	}
	service := config.options["service"]
	if service == "" {
		service = os.Getenv("DD_SERVICE")
	}
	return &Client{
		mlApp: mlApp, service: service, settings: plan.Settings,
		sender: sender.New(plan, plan.Targets[0], nil, config.client),
	}, nil
}

// takes notes the route.
func (c *clientConfig) takes(route string) error {
	if c.route != "" && c.route != route {
		return errors.New("llmobs/export: WithDatadogIntake and WithAgentURL are two routes; accepted: one of them")
	}
	c.route = route
	return nil
}

// notOurs are variables about the spans of the program itself.
var notOurs = map[string]bool{
	"DD_TAGS": true, "DD_LLMOBS_ENABLED": true, "DD_LLMOBS_ML_APP": true, "DD_LLMOBS_SAMPLE_RATE": true,
	"DD_LLMOBS_SAMPLING_RULES": true, "WITSPAN_DROP_UNSAMPLED": true, "DD_GIT_COMMIT_SHA": true,
	"DD_GIT_REPOSITORY_URL": true,
}

func lookup(name string) (string, bool) {
	if notOurs[name] {
		return "", false
	}
	return os.LookupEnv(name)
}

// checkAgentURL says what is wrong with a URL, without its password.
func checkAgentURL(agentURL string) error {
	shown := settings.ShownURL(agentURL)
	parsed, err := url.Parse(agentURL)
	if err != nil {
		return fmt.Errorf("%q cannot be read", shown)
	}
	switch parsed.Scheme {
	case "http", "https":
		if parsed.Host == "" {
			return fmt.Errorf("%q has no host", shown)
		}
	case "unix":
		if parsed.Path == "" {
			return fmt.Errorf("%q has no path", shown)
		}
	default:
		return fmt.Errorf("%q begins with none of http://, https:// and unix://", shown)
	}
	if parsed.RawQuery != "" || parsed.ForceQuery || parsed.Fragment != "" {
		return fmt.Errorf("%q has a query or a fragment", shown)
	}
	return nil
}
