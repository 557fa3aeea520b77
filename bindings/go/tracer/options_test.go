// Every setting that code can set has an option, and what it says reaches the plan.

package tracer_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/witspan/witspan-go/internal/core"
	"github.com/witspan/witspan-go/internal/engine"
	"github.com/witspan/witspan-go/internal/settings"
	"github.com/witspan/witspan-go/tracer"
)

// options has one of each that code can set, and what else it takes for it to mean something.
var options = map[string][]tracer.StartOption{
	"enabled":           {tracer.WithEnabled(false)},
	"ml_app":            {tracer.WithMLApp("other")},
	"service":           {tracer.WithService("other")},
	"env":               {tracer.WithEnv("other")},
	"version":           {tracer.WithVersion("other")},
	"tags":              {tracer.WithTags(map[string]string{"k": "other"})},
	"api_key":           {tracer.WithAPIKey("")},
	"site":              {tracer.WithSite("datadoghq.eu")},
	"agentless_enabled": {tracer.WithAgentlessEnabled(false)},
	"agent_url":         {tracer.WithAgentURL("http://other:1"), tracer.WithAgentlessEnabled(false)},
	"agent_host":        {tracer.WithAgentHost("other"), tracer.WithAgentlessEnabled(false)},
	"agent_port":        {tracer.WithAgentPort(1), tracer.WithAgentlessEnabled(false)},
	"override_origin":   {tracer.WithOverrideOrigin("http://other:1")},
	"intake":            {tracer.WithIntake("sdk")},
	"sample_rate":       {tracer.WithSampleRate(0.25)},
	"sampling_rules":    {tracer.WithLLMObsSamplingRules(`[{"sample_rate": 0.5}]`)},
	"drop_unsampled":    {tracer.WithDropUnsampled(true)},
	"event_bytes":       {tracer.WithEventBytes(4321)},
	"batch_spans":       {tracer.WithBatchSpans(4321)},
	"batch_bytes":       {tracer.WithBatchBytes(4321)},
	"batch_age_ns":      {tracer.WithBatchAge(4321 * time.Nanosecond)},
	"queue_bytes":       {tracer.WithQueueBytes(4321)},
	"open_bytes":        {tracer.WithOpenBytes(4321)},
	"attempts":          {tracer.WithAttempts(4321)},
	"retry_budget_ns":   {tracer.WithRetryBudget(4321 * time.Nanosecond)},
	"request_timeout":   {tracer.WithRequestTimeout(4321 * time.Millisecond)},
	"flush_timeout":     {tracer.WithFlushTimeout(4321 * time.Millisecond)},
	"exit_timeout":      {tracer.WithExitTimeout(4321 * time.Millisecond)},
	"handle_signals":    {tracer.WithHandleSignals(true)},
}

// notHere are options of other languages, and why Go has none.
var notHere = map[string]string{
	"main_package": "the main package of a Go program is in its binary",
	"threads":      "it is for Python, whose threads have no context of their own",
}

// planned gives a plan as a text to compare, and what it complains of.
func planned(t *testing.T, opts ...tracer.StartOption) (string, []settings.Diagnostic) {
	t.Helper()
	instance := core.New(engine.System{})
	defer instance.Close()
	config := tracer.Config(opts)
	if len(config.Warnings) > 0 {
		t.Error(config.Warnings)
	}
	plan, err := settings.Make(instance, settings.Options{Values: config.Options, Tags: config.Tags},
		func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(plan.Enabled, plan.Settings, plan.Targets, plan.Discovery, plan.RequestTimeout, plan.FlushTimeout,
		plan.ExitTimeout, plan.HandleSignals, plan.SignalsSaid, plan.LacksKey, plan.Diagnostics), plan.Diagnostics
}

func TestEverySettingOfTheContractHasAnOptionThatReachesThePlan(t *testing.T) {
	instance := core.New(engine.System{})
	defer instance.Close()
	table, err := instance.Variables()
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct{ Option string }
	if err := json.Unmarshal([]byte(table), &rows); err != nil {
		t.Fatal(err)
	}
	base := []tracer.StartOption{
		tracer.WithMLApp("app"), tracer.WithService("service"), tracer.WithAPIKey("key"), tracer.WithAgentlessEnabled(true),
	}
	seen := map[string]bool{}
	for _, row := range rows {
		own, has := options[row.Option]
		why := notHere[row.Option]
		switch {
		case row.Option == "":
		case has == (why != ""):
			t.Error("the contract has `", row.Option, "`: it needs an option here, or a reason")
		case has:
			seen[row.Option] = true
			without, _ := planned(t, append(base, own[1:]...)...)
			with, complaints := planned(t, append(base, own...)...)
			if row.Option == "api_key" {
				with, complaints = planned(t, append(base, tracer.WithAPIKey("other"))...)
				without, _ = planned(t, base[:2]...)
			}
			if with == without {
				t.Error("`", row.Option, "` changes nothing of the plan: ", with)
			}
			if len(complaints) > 0 {
				t.Error("`", row.Option, "`: ", complaints)
			}
		}
	}
	for option := range options {
		if !seen[option] {
			t.Error("`", option, "` is not in the contract")
		}
	}
}

func TestOptionsThatAreNoSettingReachTheEngine(t *testing.T) {
	logger, client := slog.New(slog.DiscardHandler), &http.Client{}
	config := tracer.Config([]tracer.StartOption{
		tracer.WithSlog(logger), tracer.WithHTTPClient(client), tracer.WithExporter(func(*tracer.Exported) error { return nil }),
		tracer.WithGlobalTag("n", 5), tracer.WithTags(map[string]string{"k": "v"}), tracer.WithDebugMode(true), tracer.WithLambdaMode(true),
	})
	if config.Logger != logger || config.Client != client || config.Exporter == nil {
		t.Errorf("%+v", config)
	}
	if !reflect.DeepEqual(config.Tags, map[string]string{"n": "5", "k": "v"}) {
		t.Error(config.Tags)
	}
	if len(config.Warnings) != 1 || !strings.Contains(config.Warnings[0], "`WithDebugMode`, `WithLambdaMode`") {
		t.Error(config.Warnings)
	}
}

type lines []string

func (l *lines) Log(line string) { *l = append(*l, line) }

func TestALoggerOfTheirFormGetsTheNotices(t *testing.T) {
	said := &lines{}
	if err := tracer.Start(tracer.WithLogger(said), tracer.WithDebugStack(true), tracer.WithOption("no_such", "x"),
		tracer.WithExporter(func(*tracer.Exported) error { return nil })); err != nil {
		t.Fatal(err)
	}
	tracer.Stop()
	if text := strings.Join(*said, "\n"); !strings.Contains(text, "WithDebugStack") || !strings.Contains(text, "no_such") {
		t.Error(text)
	}
}
