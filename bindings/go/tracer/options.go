// Options: one for each setting that code can set, and those of dd-trace-go that mean one of them.

package tracer

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/witspan/witspan-go/internal/engine"
	"github.com/witspan/witspan-go/internal/sender"
)

// StartOption is a setting. It is a value: it can be written, kept and compared with reflect.DeepEqual.
type StartOption struct {
	// Name and Value are a setting by the name of its option in docs/configuration.md, written as in the
	// environment.
	Name, Value string
	// Tags are those of every span.
	Tags map[string]string
	// Logger gets the diagnostics, each kind once; default slog.Default().
	Logger *slog.Logger
	// Exporter takes requests in place of HTTP: nothing leaves the process. An error counts as rejected. The
	// tracer's goroutine calls it, one request after the other.
	Exporter func(*Exported) error
	// HTTPClient sends the requests.
	HTTPClient *http.Client
	// NotUsed names an option of dd-trace-go that means nothing here.
	NotUsed string
	// Apply is for the packages of this module.
	Apply func(*engine.Config)
}

// Exported is a request that an Exporter gets.
type Exported = sender.Exported

// Config is for the packages of this module.
func Config(opts []StartOption) *engine.Config {
	config := &engine.Config{Options: map[string]string{}, Tags: map[string]string{}}
	var unused []string
	for at := range opts {
		option := &opts[at]
		if option.Name != "" {
			config.Options[option.Name] = option.Value
		}
		maps.Copy(config.Tags, option.Tags)
		if option.Logger != nil {
			config.Logger = option.Logger
		}
		if option.Exporter != nil {
			config.Exporter = option.Exporter
		}
		if option.HTTPClient != nil {
			config.Client = option.HTTPClient
		}
		if option.NotUsed != "" {
			unused = append(unused, "`"+option.NotUsed+"`")
		}
		if option.Apply != nil {
			option.Apply(config)
		}
	}
	if len(unused) > 0 {
		config.Warnings = append(config.Warnings, "these options of dd-trace-go mean nothing here: "+strings.Join(unused, ", "))
	}
	return config
}

// WithOption sets a setting by the name of its option in docs/configuration.md. An unknown name is logged.
func WithOption(name, value string) StartOption { return StartOption{Name: name, Value: value} }

func flag(name string, on bool) StartOption { return WithOption(name, strconv.FormatBool(on)) }

func count(name string, number int) StartOption { return WithOption(name, strconv.Itoa(number)) }

func seconds(name string, time time.Duration) StartOption {
	return WithOption(name, strconv.FormatFloat(time.Seconds(), 'f', -1, 64))
}

func nanoseconds(name string, time time.Duration) StartOption {
	return WithOption(name, strconv.FormatInt(time.Nanoseconds(), 10))
}

// WithEnabled says whether anything is traced.
func WithEnabled(on bool) StartOption { return flag("enabled", on) }

// WithMLApp sets the ML app, by which traces are grouped.
func WithMLApp(mlApp string) StartOption { return WithOption("ml_app", mlApp) }

// WithService sets the service.
func WithService(name string) StartOption { return WithOption("service", name) }

// WithEnv sets the environment, such as prod.
func WithEnv(env string) StartOption { return WithOption("env", env) }

// WithVersion sets the application's version.
func WithVersion(version string) StartOption { return WithOption("version", version) }

// WithTags sets tags of every span.
func WithTags(tags map[string]string) StartOption { return StartOption{Tags: tags} }

// WithAPIKey sets the API key of the intake.
func WithAPIKey(key string) StartOption { return WithOption("api_key", key) }

// WithSite sets the Datadog site, such as datadoghq.eu.
func WithSite(site string) StartOption { return WithOption("site", site) }

// WithAgentlessEnabled says whether spans go to the intake itself, without an agent.
func WithAgentlessEnabled(on bool) StartOption { return flag("agentless_enabled", on) }

// WithAgentURL says where the agent is: http://, https:// or unix://.
func WithAgentURL(agentURL string) StartOption { return WithOption("agent_url", agentURL) }

// WithAgentHost sets the agent's host, if its URL is not set.
func WithAgentHost(host string) StartOption { return WithOption("agent_host", host) }

// WithAgentPort sets the agent's port, if its URL is not set.
func WithAgentPort(port int) StartOption { return count("agent_port", port) }

// WithOverrideOrigin sets an origin that replaces intake and agent.
func WithOverrideOrigin(origin string) StartOption { return WithOption("override_origin", origin) }

// WithIntake sets the format of bodies: public or sdk.
func WithIntake(format string) StartOption { return WithOption("intake", format) }

// WithSampleRate sets the share of traces that are marked as sampled, from 0 to 1.
func WithSampleRate(rate float64) StartOption {
	return WithOption("sample_rate", strconv.FormatFloat(rate, 'f', -1, 64))
}

// WithLLMObsSamplingRules sets rules that are applied before the rate, a JSON list.
func WithLLMObsSamplingRules(rules string) StartOption { return WithOption("sampling_rules", rules) }

// WithDropUnsampled says whether spans of traces that are not sampled are dropped.
func WithDropUnsampled(on bool) StartOption { return flag("drop_unsampled", on) }

// WithEventBytes sets the most bytes of one span; longer ones are cut.
func WithEventBytes(bytes int) StartOption { return count("event_bytes", bytes) }

// WithBatchSpans sets how many spans make a batch full.
func WithBatchSpans(spans int) StartOption { return count("batch_spans", spans) }

// WithBatchBytes sets how many bytes make a batch full.
func WithBatchBytes(bytes int) StartOption { return count("batch_bytes", bytes) }

// WithBatchAge sets after which time a batch is sent.
func WithBatchAge(age time.Duration) StartOption { return nanoseconds("batch_age_ns", age) }

// WithQueueBytes sets the most bytes of finished spans that wait.
func WithQueueBytes(bytes int) StartOption { return count("queue_bytes", bytes) }

// WithOpenBytes sets the most bytes that open spans hold.
func WithOpenBytes(bytes int) StartOption { return count("open_bytes", bytes) }

// WithAttempts sets the most attempts to send one batch.
func WithAttempts(attempts int) StartOption { return count("attempts", attempts) }

// WithRetryBudget sets for how long a batch is retried.
func WithRetryBudget(budget time.Duration) StartOption { return nanoseconds("retry_budget_ns", budget) }

// WithRequestTimeout sets how long one request may take.
func WithRequestTimeout(timeout time.Duration) StartOption {
	return seconds("request_timeout", timeout)
}

// WithFlushTimeout sets how long a flush waits where its context has no deadline.
func WithFlushTimeout(timeout time.Duration) StartOption { return seconds("flush_timeout", timeout) }

// WithExitTimeout sets how long Stop waits for the last spans.
func WithExitTimeout(timeout time.Duration) StartOption { return seconds("exit_timeout", timeout) }

// WithHandleSignals has SIGINT, SIGTERM and SIGHUP send what has finished before they end the process. It is off
// by default: Go gives a signal to everybody who asked for it, so it is not for a program that handles these
// signals itself; that calls Stop there.
func WithHandleSignals(on bool) StartOption { return flag("handle_signals", on) }

// WithSlog sets the logger that gets the diagnostics; nil is slog.Default().
func WithSlog(logger *slog.Logger) StartOption { return StartOption{Logger: logger} }

// WithExporter has a function take the requests in place of HTTP; see StartOption.Exporter.
func WithExporter(exporter func(*Exported) error) StartOption { return StartOption{Exporter: exporter} }

// WithHTTPClient has this client send the requests.
func WithHTTPClient(client *http.Client) StartOption { return StartOption{HTTPClient: client} }

// Options of dd-trace-go that mean one of these.

// WithLLMObsEnabled is WithEnabled.
func WithLLMObsEnabled(enabled bool) StartOption { return WithEnabled(enabled) }

// WithLLMObsMLApp is WithMLApp.
func WithLLMObsMLApp(mlApp string) StartOption { return WithMLApp(mlApp) }

// WithLLMObsAgentlessEnabled is WithAgentlessEnabled.
func WithLLMObsAgentlessEnabled(agentlessEnabled bool) StartOption {
	return WithAgentlessEnabled(agentlessEnabled)
}

// WithServiceVersion is WithVersion.
func WithServiceVersion(version string) StartOption { return WithVersion(version) }

// WithUniversalVersion is WithVersion.
func WithUniversalVersion(version string) StartOption { return WithVersion(version) }

// WithAgentAddr sets the agent's host and port.
func WithAgentAddr(addr string) StartOption {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		host, port = addr, "8126"
	}
	return WithAgentURL("http://" + net.JoinHostPort(host, port))
}

// WithUDS sets the unix socket of the agent.
func WithUDS(socketPath string) StartOption { return WithAgentURL("unix://" + socketPath) }

// WithGlobalTag sets a tag of every span.
func WithGlobalTag(k string, v any) StartOption {
	return StartOption{Tags: map[string]string{k: fmt.Sprint(v)}}
}

// Logger is dd-trace-go's way to get the diagnostics.
type Logger interface{ Log(msg string) }

// WithLogger has a logger of dd-trace-go's form get the diagnostics; nil is slog.Default(). WithSlog is the
// standard library's way.
func WithLogger(logger Logger) StartOption {
	if logger == nil {
		return StartOption{}
	}
	return WithSlog(slog.New(lines{logger}))
}

// lines passes records on as lines.
type lines struct{ logger Logger }

func (lines) Enabled(context.Context, slog.Level) bool { return true }
func (l lines) WithAttrs([]slog.Attr) slog.Handler     { return l }
func (l lines) WithGroup(string) slog.Handler          { return l }
func (l lines) Handle(_ context.Context, record slog.Record) error {
	l.logger.Log(record.Message)
	return nil
}
