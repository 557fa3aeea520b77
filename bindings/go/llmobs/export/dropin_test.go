// A program for dd-trace-go's package compiles with this one: the same names, with the same signatures.

package export_test

import (
	"context"
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/witspan/witspan-go/llmobs/export"
)

// theirs are the exported names of github.com/DataDog/dd-trace-go/v2@v2.12.0/llmobs/export, read from its source.
const theirs = `
Client Client.SubmitEvaluations Client.SubmitSpans ClientOption
CodeInvalidJoin CodeInvalidKind CodeInvalidLink CodeInvalidStatus CodeInvalidTiming CodeInvalidValue CodeMissingID
CodeMissingKind CodeMissingLabel CodeNotEncodable CodeTooLarge CodeTypeMismatch
DDAttributes ErrorCode ErrorMessage EvaluationMetric
Kind KindAgent KindEmbedding KindLLM KindRetrieval KindStep KindTask KindTool KindWorkflow
MetricType MetricTypeBoolean MetricTypeCategorical MetricTypeJSON MetricTypeScore
NewClient NewSpanEvent RequestResult Result SpanEvent SpanEventOption SpanLink Status StatusError StatusOK
SubmitEvaluationsOption SubmitSpansOption ValidationError
WithAgentURL WithCallMLApp WithCallService WithDatadogIntake WithEnv WithHTTPClient WithMetadata WithModel WithService
WithSpanError WithTextIO WithTiming WithVersion`

// Functions and methods, with the signatures that they have there.
var (
	_ func(string, ...export.ClientOption) (*export.Client, error)                                                                = export.NewClient
	_ func(*export.Client, context.Context, []export.SpanEvent, ...export.SubmitSpansOption) (*export.Result, error)              = (*export.Client).SubmitSpans
	_ func(*export.Client, context.Context, []export.EvaluationMetric, ...export.SubmitEvaluationsOption) (*export.Result, error) = (*export.Client).SubmitEvaluations
	_ func(string, string) export.ClientOption                                                                                    = export.WithDatadogIntake
	_ func(string) export.ClientOption                                                                                            = export.WithAgentURL
	_ func(string) export.ClientOption                                                                                            = export.WithService
	_ func(string) export.ClientOption                                                                                            = export.WithEnv
	_ func(string) export.ClientOption                                                                                            = export.WithVersion
	_ func(*http.Client) export.ClientOption                                                                                      = export.WithHTTPClient
	_ func(string) export.SubmitSpansOption                                                                                       = export.WithCallService
	_ func(string) export.SubmitEvaluationsOption                                                                                 = export.WithCallMLApp
	_ func(string, string, export.Kind, ...export.SpanEventOption) export.SpanEvent                                               = export.NewSpanEvent
	_ func(time.Time, time.Duration) export.SpanEventOption                                                                       = export.WithTiming
	_ func(string, string) export.SpanEventOption                                                                                 = export.WithModel
	_ func(string, string) export.SpanEventOption                                                                                 = export.WithTextIO
	_ func(map[string]any) export.SpanEventOption                                                                                 = export.WithMetadata
	_ func(export.ErrorMessage) export.SpanEventOption                                                                            = export.WithSpanError
	_ export.SpanEventOption                                                                                                      = func(event *export.SpanEvent) { event.Name = "mine" }
	_ error                                                                                                                       = export.ValidationError{Index: 1, Code: export.CodeMissingID, Reason: ""}
	_ interface{ Unwrap() error }                                                                                                 = export.ValidationError{}
	_ []export.Kind                                                                                                               = []export.Kind{"llm", export.KindLLM, export.KindAgent, export.KindWorkflow, export.KindTask, export.KindStep, export.KindTool, export.KindEmbedding, export.KindRetrieval}
	_ []string                                                                                                                    = []export.Status{export.StatusOK, export.StatusError}
	_ []export.MetricType                                                                                                         = []export.MetricType{"score", export.MetricTypeCategorical, export.MetricTypeScore, export.MetricTypeBoolean, export.MetricTypeJSON}
)

// Structs, with the fields that they have there.
var (
	_ = export.SpanEvent{
		SpanID: "", TraceID: "", ParentID: "", SessionID: "", Tags: []string{}, Name: "", Service: "", StartNS: int64(0),
		Duration: int64(0), Status: export.StatusOK, StatusMessage: "", Meta: map[string]any{},
		Metrics: map[string]float64{}, CollectionErrors: []string{}, SpanLinks: []export.SpanLink{},
		DDAttributes: export.DDAttributes{SpanID: "", TraceID: "", APMTraceID: "", Scope: ""},
	}
	_ = export.SpanLink{
		TraceID: "", TraceIDHigh: uint64(0), SpanID: "", Attributes: map[string]string{}, Tracestate: "", Flags: uint32(0),
	}
	_ = export.ErrorMessage{Message: "", Type: "", Stack: ""}
	_ = export.EvaluationMetric{
		SpanID: "", TraceID: "", TagKey: "", TagValue: "", Label: "", MetricType: export.MetricTypeScore,
		CategoricalValue: new(string), ScoreValue: new(float64), BooleanValue: new(bool), JSONValue: map[string]any{},
		Tags: []string{}, MLApp: "", TimestampMS: int64(0), Timestamp: time.Time{}, Assessment: "", Reasoning: "",
		Metadata: map[string]any{},
	}
	_ = export.Result{
		Requests: []export.RequestResult{}, ValidationErrors: []export.ValidationError{}, Sent: 0, Dropped: 0, Failed: 0,
	}
	_ = export.RequestResult{
		InputIndices: []int{}, StatusCode: 0, Attempts: 0, Retriable: false, ResponseSnippet: "", Err: error(nil),
	}
)

func TestEveryNameOfTheirsIsHere(t *testing.T) {
	ours := map[string]bool{}
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
			for _, name := range declared(declaration) {
				ours[name] = true
			}
		}
	}
	names := strings.Fields(theirs)
	for _, name := range names {
		if !ours[name] {
			t.Errorf("%s is missing", name)
		}
	}
	if len(names) != 60 {
		t.Errorf("the list has %d names", len(names))
	}
}

func declared(declaration ast.Decl) (names []string) {
	switch of := declaration.(type) {
	case *ast.FuncDecl:
		name := of.Name.Name
		if of.Recv != nil {
			on := of.Recv.List[0].Type
			if pointer, is := on.(*ast.StarExpr); is {
				on = pointer.X
			}
			name = on.(*ast.Ident).Name + "." + name
		}
		return []string{name}
	case *ast.GenDecl:
		for _, spec := range of.Specs {
			switch of := spec.(type) {
			case *ast.TypeSpec:
				names = append(names, of.Name.Name)
			case *ast.ValueSpec:
				for _, name := range of.Names {
					names = append(names, name.Name)
				}
			}
		}
	}
	return names
}

func TestAnEventIsReadFromTheJSONThatTheirsWrites(t *testing.T) {
	const written = `{"span_id":"5","trace_id":"7","parent_id":"undefined","session_id":"s","tags":["a:b"],"name":"ask",` +
		`"service":"web","start_ns":1700000000000000000,"duration":250,"status":"ok","meta":{"span.kind":"llm"},` +
		`"metrics":{"input_tokens":3},"span_links":[{"trace_id":"1","trace_id_high":2,"span_id":"3"}],` +
		`"_dd":{"span_id":"5","trace_id":"7","apm_trace_id":"7"}}`
	var event export.SpanEvent
	if err := json.Unmarshal([]byte(written), &event); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(event)
	if err != nil || string(again) != written {
		t.Errorf("%v\n got %s\nwant %s", err, again, written)
	}
}
