// Package settings makes a tracer's plan: the core's, from what the environment and the application say.
//
// This file gathers what the core cannot know. given.go sorts it by what may leave the host, and plan.go
// reads the answer.
package settings

import (
	"encoding/json"
	"fmt"
	"maps"
	"runtime"
	"strconv"
	"strings"
)

// Options is what the application says in code.
type Options struct {
	// Values are written as in the environment, by the names of options in the core's table, such as
	// "ml_app". They take precedence over the environment. An empty text says nothing.
	Values map[string]string
	// Tags of every span, besides those of the environment; of the same key these win. The keys service,
	// env and version count as the options of these names, if Values does not have them.
	Tags map[string]string
	// Exporter says that a function takes every request, and nothing leaves the process.
	Exporter bool
}

// Setup is the core's part: any instance of it.
type Setup interface {
	MakePlan(input string) (string, error)
}

// variable is a row of the core's table.
type variable struct{ Name, Option, ReadBy, Secrecy string }

// input is what the core makes a plan of; wit/setup.wit says what each member is.
type input struct {
	Language      string            `json:"language"`
	Environment   map[string]string `json:"environment"`
	Options       map[string]string `json:"options"`
	Secrets       map[string]bool   `json:"secrets"`
	Host          abilities         `json:"host"`
	Program       []folder          `json:"program,omitempty"`
	UnusableFiles []unusableFile    `json:"unusable_files,omitempty"`
}

type abilities struct {
	UnixSockets bool `json:"unix_sockets"`
	Files       bool `json:"files"`
	Gzip        bool `json:"gzip"`
}

type folder struct {
	Name       string `json:"name"`
	IsPackage  bool   `json:"is_package"`
	HasSources bool   `json:"has_sources"`
}

// Make makes the plan. lookup reads a variable, as [os.LookupEnv] does. It fails only if the core does.
func Make(setup Setup, options Options, lookup func(string) (string, bool)) (*Plan, error) {
	g := newGiven(table)
	g.readEnvironment(lookup)
	values, tags := apart(options)
	for option, value := range values {
		g.option(option, value)
	}
	g.fit(strconv.IntSize)
	if options.Exporter {
		// The route that needs no key and no discovery.
		g.options["agentless_enabled"] = "false"
	}
	roots, unusable := certificates(lookup)
	in := input{
		Language:      "go",
		Environment:   g.environment,
		Options:       g.options,
		Secrets:       g.usable(),
		Host:          abilities{UnixSockets: hasUnixSockets(runtime.GOOS), Files: true},
		UnusableFiles: unusable,
	}
	if name := programName(); name != "" {
		in.Program = []folder{{Name: name, IsPackage: true, HasSources: true}}
	}
	text, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("the settings: %w", err)
	}
	made, err := setup.MakePlan(string(text))
	if err != nil {
		return nil, fmt.Errorf("the plan: %w", err)
	}
	plan, err := readPlan([]byte(made), tags, options.Exporter)
	if err != nil {
		return nil, fmt.Errorf("the plan: %w", err)
	}
	plan.SignalsSaid = g.says("handle_signals")
	plan.Secrets = g.secrets
	plan.Roots = roots
	plan.proxy = g.proxies(lookup).of
	return plan, nil
}

// apart takes the tags out that are options.
func apart(options Options) (values, tags map[string]string) {
	values, tags = map[string]string{}, maps.Clone(options.Tags)
	for _, name := range []string{"service", "env", "version"} {
		values[name] = tags[name]
		delete(tags, name)
	}
	for name, value := range options.Values {
		if strings.TrimSpace(value) != "" {
			values[name] = value
		}
	}
	return values, tags
}

func hasUnixSockets(system string) bool {
	switch system {
	case "windows", "plan9", "js", "wasip1":
		return false
	}
	return true
}
