// Where this package differs from dd-trace-go's on purpose: docs/differences.md names these tests.

package llmobs_test

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/witspan/witspan-go/llmobs"
	"github.com/witspan/witspan-go/llmobs/llmobstest"
	"github.com/witspan/witspan-go/tracer"
)

// theirRegistry are the names of github.com/DataDog/dd-trace-go/v2@v2.12.0/llmobs that are for Datadog's registry of
// prompts. surface_test.go has all others.
const theirRegistry = `
ErrPromptAuth FormattedMessage FormattedPrompt FormattedToolCall FormattedToolResult GetPrompt GetPromptOption
ManagedPrompt PromptFallback PromptSource PromptTemplate ToolFunction WithPromptFallback WithPromptFallbackFunc
WithPromptTargetingAttributes WithPromptTargetingKey WithPromptVersion`

func TestWhatBelongsToDatadogsServiceIsAbsent(t *testing.T) {
	ours := declaredNames(t)
	for _, name := range strings.Fields(theirRegistry) {
		if ours[name] {
			t.Errorf("%s is there", name)
		}
	}
	for _, folder := range []string{"dataset", "experiment"} {
		if _, err := os.Stat(folder); err == nil {
			t.Errorf("%s is there", folder)
		}
	}
}

// declaredNames are the names of functions, types and variables that the package exports.
func declaredNames(t *testing.T) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	paths, _ := filepath.Glob("*.go")
	for _, path := range paths {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			switch of := declaration.(type) {
			case *ast.FuncDecl:
				names[of.Name.Name] = of.Recv == nil || names[of.Name.Name]
			case *ast.GenDecl:
				for _, spec := range of.Specs {
					switch of := spec.(type) {
					case *ast.TypeSpec:
						names[of.Name.Name] = true
					case *ast.ValueSpec:
						for _, name := range of.Names {
							names[name.Name] = true
						}
					}
				}
			}
		}
	}
	return names
}

func TestANilErrorIsNone(t *testing.T) {
	spans := llmobstest.Start(t)
	span, _ := llmobs.StartTaskSpan(t.Context(), "went well")
	span.Finish(llmobs.WithError(nil))
	if sent := spans.Span("went well"); sent.Status != "ok" || sent.Error != nil {
		t.Errorf("%+v", sent)
	}
}

func TestAnEmptyTextLeavesWhatWasThere(t *testing.T) {
	spans := llmobstest.Start(t)
	span, _ := llmobs.StartTaskSpan(t.Context(), "twice")
	span.AnnotateTextIO("asked", "")
	span.AnnotateTextIO("", "answered")
	span.Finish()
	if sent := spans.Span("twice"); sent.Input.Value != "asked" || sent.Output.Value != "answered" {
		t.Errorf("%+v", sent)
	}
}

func TestTracestateAndFlagsOfALinkAreAttributes(t *testing.T) {
	spans := llmobstest.Start(t)
	span, _ := llmobs.StartTaskSpan(t.Context(), "linked")
	span.AddLink(llmobs.SpanLink{
		TraceID: 1, SpanID: 2, Attributes: map[string]string{"from": "here"}, Tracestate: "dd=s:1", Flags: 1,
	})
	span.Finish()
	links := spans.Span("linked").Links
	if len(links) != 1 || links[0].Attributes["from"] != "here" || links[0].Attributes["tracestate"] != "dd=s:1" ||
		links[0].Attributes["flags"] != "1" {
		t.Errorf("%+v", links)
	}
}

func TestOptionsOfOtherProductsAreNamedOnceInAWarning(t *testing.T) {
	var log bytes.Buffer
	of, err := llmobs.NewTracer(
		tracer.WithSlog(slog.New(slog.NewTextHandler(&log, nil))),
		tracer.WithExporter(func(*tracer.Exported) error { return nil }),
		tracer.WithRuntimeMetrics(), tracer.WithProfilerEndpoints(true), tracer.WithLLMObsProjectName("p"),
	)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := of.Shutdown(t.Context()); err != nil {
		t.Error(err)
	}
	for _, name := range []string{"WithRuntimeMetrics", "WithProfilerEndpoints", "WithLLMObsProjectName"} {
		if strings.Count(log.String(), name) != 1 {
			t.Errorf("%s: %s", name, log.String())
		}
	}
}

func TestStopWaitsForTheExitTimeoutAtMost(t *testing.T) {
	silent := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-silent }))
	defer server.Close()
	defer close(silent)
	err := tracer.Start(
		tracer.WithOverrideOrigin(server.URL), tracer.WithExitTimeout(200*time.Millisecond),
		tracer.WithSlog(slog.New(slog.DiscardHandler)),
	)
	if err != nil {
		t.Fatal(err)
	}
	span, _ := llmobs.StartTaskSpan(t.Context(), "last")
	span.Finish()
	began := time.Now()
	tracer.Stop()
	// Much more than that, for a machine that is busy; the receiver never answers.
	if took := time.Since(began); took > 5*time.Second {
		t.Error(took)
	}
	if lost := llmobs.Stats().Spans.Dropped["shutdown"]; lost != 1 {
		t.Errorf("%+v", llmobs.Stats())
	}
}
