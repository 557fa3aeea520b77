// What plans come out of the environment and of code, by the core itself.

package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/witspan/witspan-go/internal/core"
)

type clock struct{}

func (clock) Monotonic() uint64 { return 0 }
func (clock) Wall() uint64      { return 1_700_000_000_000_000_000 }
func (clock) Random() uint64    { return 4 }

type variables map[string]string

func (v variables) lookup(name string) (string, bool) {
	value, has := v[name]
	return value, has
}

func planOf(t testing.TB, environment variables, options Options) *Plan {
	t.Helper()
	instance := core.New(clock{})
	defer instance.Close()
	plan, err := Make(instance, options, environment.lookup)
	if err != nil {
		t.Fatal(err)
	}
	// Whatever a plan has, an instance takes it.
	if _, err := instance.Configure(plan.Settings); err != nil {
		t.Fatal(err, plan.Settings)
	}
	return plan
}

func mustHave(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("no %s in %s", part, text)
		}
	}
}

func TestNothingSaidGivesTheDefaults(t *testing.T) {
	plan := planOf(t, nil, Options{})
	if !plan.Enabled || plan.Discovery != nil || !plan.HandleSignals || plan.SignalsSaid || !plan.LacksKey {
		t.Errorf("%+v", plan)
	}
	if plan.RequestTimeout != 5*time.Second || plan.FlushTimeout != 10*time.Second || plan.ExitTimeout != 2*time.Second {
		t.Errorf("%+v", plan)
	}
	want := Target{"datadog", "http://localhost:8126", "", Endpoint{"http://localhost:8126/evp_proxy/v2/api/v2/llmobs"}}
	if len(plan.Targets) != 1 || plan.Targets[0] != want {
		t.Errorf("%+v", plan.Targets)
	}
	mustHave(t, plan.Settings, `"language":"go"`, `"service":"witspan-go"`, `"ml_app":"witspan-go"`)
	if plan.Roots != nil || len(plan.Diagnostics) != 0 {
		t.Errorf("%+v", plan)
	}
}

func TestCodeWinsOverTheEnvironment(t *testing.T) {
	environment := variables{
		"DD_LLMOBS_ML_APP": "outside", "DD_API_KEY": "key-outside", "DD_ENV": " prod ",
		"DD_TRACE_AGENT_URL": "http://out:side@h:1", "DD_LLMOBS_AGENTLESS_ENABLED": "0",
		"WITSPAN_INTAKE_TOKEN": "only the command reads this",
	}
	plan := planOf(t, environment, Options{Values: map[string]string{
		"ml_app": " inside ", "api_key": "key-inside", "agent_url": "http://h:2", "env": "  ", "request_timeout": "0.25",
		"handle_signals": "0",
	}})
	mustHave(t, plan.Settings, `"ml_app":"inside"`, `"env":"prod"`)
	if plan.Targets[0].Name != "http://h:2" || plan.RequestTimeout != 250*time.Millisecond {
		t.Errorf("%+v", plan)
	}
	if plan.HandleSignals || !plan.SignalsSaid {
		t.Error("signals")
	}
	if key, has := plan.Secrets.Header("DD_API_KEY", core.CredentialFormPlain); key != "key-inside" || !has {
		t.Error(key)
	}
	if user, has := plan.Secrets.Header("DD_TRACE_AGENT_URL", core.CredentialFormBasic); has {
		t.Error("the user of a URL that is not used:", user)
	}
}

func TestSignalsMayBeSaidOutside(t *testing.T) {
	if plan := planOf(t, variables{"WITSPAN_SIGNALS": "1"}, Options{}); !plan.HandleSignals || !plan.SignalsSaid {
		t.Errorf("%+v", plan)
	}
}

func TestTagsComeAfterThoseOfTheEnvironment(t *testing.T) {
	plan := planOf(t, variables{"DD_TAGS": "z:1,b:2,a:3"}, Options{
		Values: map[string]string{"version": "2"},
		Tags:   map[string]string{"b": "own", "team": `"search"`, "service": "shop", "version": "1"},
	})
	mustHave(t, plan.Settings, `"tags":{"z":"1","a":"3","b":"own","team":"\"search\""}`, `"service":"shop"`, `"version":"2"`)
}

func TestNumbersKeepAllTheirDigits(t *testing.T) {
	plan := planOf(t, nil, Options{
		Values: map[string]string{"retry_budget_ns": "18446744073709551615", "exit_timeout": "1e30"},
		Tags:   map[string]string{"a": "b"},
	})
	mustHave(t, plan.Settings, "18446744073709551615")
	if plan.ExitTimeout != math.MaxInt64 {
		t.Error(plan.ExitTimeout)
	}
}

func TestAnUnknownOptionAndAMisreadOneGiveDiagnostics(t *testing.T) {
	plan := planOf(t, variables{"DD_LLMOBS_SAMPLE_RATE": "7"}, Options{Values: map[string]string{"mlApp": "x"}})
	text := fmt.Sprint(plan.Diagnostics)
	mustHave(t, text, "`mlApp` is not an option", "`DD_LLMOBS_SAMPLE_RATE` is `7`")
	if plan.Diagnostics[0].Level != core.LevelWarning.String() || plan.Diagnostics[0].Code != "configuration" {
		t.Errorf("%+v", plan.Diagnostics)
	}
}

func TestAPlanThatIsOffSaysWhy(t *testing.T) {
	plan := planOf(t, variables{"DD_LLMOBS_ENABLED": "0"}, Options{})
	if plan.Enabled || plan.WhyDisabled != "`DD_LLMOBS_ENABLED` is `0`" {
		t.Errorf("%+v", plan)
	}
}

func TestAnExporterNeedsNeitherKeyNorReceiver(t *testing.T) {
	for _, environment := range []variables{
		{"DD_API_KEY": "0123456789"},
		{"DD_LLMOBS_AGENTLESS_ENABLED": "1"},
		{"DD_TRACE_AGENT_URL": "nonsense"},
	} {
		plan := planOf(t, environment, Options{Exporter: true, Values: map[string]string{"agentless_enabled": "true"}})
		if plan.Discovery != nil || len(plan.Targets) != 1 || strings.Contains(plan.Settings, "drop") {
			t.Errorf("%+v", plan)
		}
	}
}

func TestDiscoveryHasBothAnswersAndSettingsForEach(t *testing.T) {
	plan := planOf(t, variables{"DD_API_KEY": "0123456789", "DD_TRACE_AGENT_URL": "http://u:p@agent:1"}, Options{})
	discovery := plan.Discovery
	if plan.Targets != nil || discovery == nil {
		t.Fatalf("%+v", plan)
	}
	if discovery.URL != "http://agent:1/info" || discovery.Timeout != time.Second || discovery.AnswerBytes != 1<<20 ||
		discovery.Sign != "/evp_proxy/v2" || discovery.Socket != "" {
		t.Errorf("%+v", discovery)
	}
	user := core.Credential{Header: "authorization", Secret: "DD_TRACE_AGENT_URL", Form: core.CredentialFormBasic}
	if len(discovery.Credentials) != 1 || discovery.Credentials[0] != user {
		t.Errorf("%+v", discovery.Credentials)
	}
	mustHave(t, plan.Settings, `"await_targets":true`)
	for name, targets := range map[string]json.RawMessage{
		"http://agent:1": discovery.Found, "the intake of datadoghq.com": discovery.Otherwise,
	} {
		if read := TargetsOf(targets); len(read) != 1 || read[0].Name != name {
			t.Errorf("%+v", read)
		}
		settings := plan.WithTargets(targets)
		if strings.Contains(settings, "await_targets") {
			t.Error(settings)
		}
		instance := core.New(clock{})
		if _, err := instance.Configure(settings); err != nil {
			t.Error(err)
		}
		instance.Close()
	}
}

func TestAUnixSocketIsATarget(t *testing.T) {
	if !hasUnixSockets(runtime.GOOS) {
		t.Skip("no unix sockets here")
	}
	plan := planOf(t, variables{"DD_TRACE_AGENT_URL": "unix:///run/agent.sock"}, Options{})
	if plan.Targets[0].Socket != "/run/agent.sock" {
		t.Errorf("%+v", plan.Targets)
	}
	if hasUnixSockets("windows") {
		t.Error("windows")
	}
}

func TestAKeyThatNoHeaderHoldsIsNotUsed(t *testing.T) {
	plan := planOf(t, variables{"DD_API_KEY": "01234\n56789"}, Options{})
	if plan.Diagnostics[0].Code != "api-key-unusable" || plan.Discovery != nil {
		t.Errorf("%+v", plan)
	}
}

func TestAFileOfCertificatesThatCannotBeUsedIsReportedAndNothingIsTrusted(t *testing.T) {
	folder := t.TempDir()
	empty := filepath.Join(folder, "empty.pem")
	if err := os.WriteFile(empty, []byte("nothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, why := range map[string]string{
		empty:                              "it holds no PEM certificate",
		filepath.Join(folder, "not-there"): "no such file",
		folder:                             "is a directory",
	} {
		plan := planOf(t, variables{"SSL_CERT_FILE": path, "DD_API_KEY": "k", "DD_LLMOBS_AGENTLESS_ENABLED": "1"}, Options{})
		if plan.Roots == nil || len(plan.Diagnostics) != 1 || plan.Diagnostics[0].Code != "file-unusable" {
			t.Fatalf("%+v", plan)
		}
		mustHave(t, plan.Settings, `"drop":"no-receiver"`)
		if runtime.GOOS != "windows" {
			mustHave(t, plan.Diagnostics[0].Message, why)
		}
	}
}

type broken struct{ plan string }

func (b broken) MakePlan(string) (string, error) {
	if b.plan == "" {
		return "", errors.New("no plan")
	}
	return b.plan, nil
}

func TestTheTableIsTheCores(t *testing.T) {
	instance := core.New(clock{})
	defer instance.Close()
	text, err := instance.Variables()
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Name, Option, Secrecy string
		ReadBy                string `json:"read_by"`
	}
	if err := json.Unmarshal([]byte(text), &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(table) {
		t.Fatalf("%d rows instead of %d", len(table), len(rows))
	}
	for at, row := range rows {
		if (variable{row.Name, row.Option, row.ReadBy, row.Secrecy}) != table[at] {
			t.Errorf("%+v instead of %+v", table[at], row)
		}
	}
}

func TestADefectOfTheCoreIsAnError(t *testing.T) {
	for _, setup := range []broken{
		{}, {"[]"}, {"{}"}, {`{"settings":[]}`}, {`{"settings":{"tags":1}}`},
	} {
		if plan, err := Make(setup, Options{Tags: map[string]string{"a": "b"}}, variables{}.lookup); err == nil {
			t.Errorf("%+v gives %+v", setup, plan)
		}
	}
}

func TestAProgramIsNamedAfterItsFileOrItsModule(t *testing.T) {
	for _, one := range []struct{ path, module, name string }{
		{"/usr/bin/shopd", "example.com/shop", "shopd"},
		{"/usr/bin/shopd.EXE", "example.com/shop", "shopd"},
		{"/tmp/go-build12/b001/exe/main", "example.com/shop/v2", "shop"},
		{"/home/u/.cache/go-build/ab/cd-d/main", "example.com/shop", "shop"},
		{"/tmp/x/shop.test", "shop", "shop"},
		{"/tmp/x/shop.test", "", "shop"},
		{"/work/__debug_bin7", "example.com/shop", "shop"},
		{"/tmp/go-build12/b001/exe/main", "command-line-arguments", "main"},
		{"", "example.com/shop", ""},
	} {
		if name := nameOf(one.path, one.module); name != one.name {
			t.Errorf("%+v gives %s", one, name)
		}
	}
}

func TestLimitsFitIntoTheMemoryOfTheSystem(t *testing.T) {
	small, said, large := newGiven(table), newGiven(table), newGiven(table)
	said.options["open_bytes"] = "5"
	small.fit(32)
	said.fit(32)
	large.fit(64)
	if small.options["open_bytes"] != "16777216" || small.options["queue_bytes"] != "16777216" {
		t.Errorf("%v", small.options)
	}
	if said.options["open_bytes"] != "5" || len(large.options) != 0 {
		t.Errorf("%v, %v", said.options, large.options)
	}
}
