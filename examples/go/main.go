// Answers a question about this repository from its own documents, and traces how.
//
//	go run -C examples/go . "How does a span find its parent?"
//
// One run is one trace. Where it goes is configured by the DD_* environment; see the README.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/witspan/witspan-go/llmobs"
	"github.com/witspan/witspan-go/tracer"
)

const question = "How does a span find its parent, and why can it be dropped?"

func main() {
	log.SetFlags(0)
	session := flag.String("session", "docs-"+strconv.FormatInt(time.Now().UnixMilli(), 16), "session id")
	flag.Parse()
	if err := run(cmp.Or(flag.Arg(0), question), *session); err != nil {
		log.Fatal(err)
	}
}

// run has all deferred calls behind it when main ends the program with a status.
func run(question, session string) error {
	if err := tracer.Start(); err != nil {
		return err
	}
	answered := ask(context.Background(), question, session)
	fmt.Println()
	// Also after an error: the trace that shows it is on its way, and is waited for.
	sent, err := llmobs.Shutdown(context.Background())
	fmt.Fprintf(os.Stderr, "spans: %d delivered, %d dropped\n", sent.Delivered, sent.Dropped)
	return cmp.Or(answered, err, writeManifest())
}

// ask reads, searches, answers: the root of the trace.
func ask(ctx context.Context, question, session string) (err error) {
	root, err := checkout()
	if err != nil {
		return err
	}
	endpoint, err := connect(ctx, root)
	if err != nil {
		return err
	}
	defer endpoint.close()

	span, ctx := llmobs.StartWorkflowSpan(ctx, "ask", llmobs.WithSessionID(session))
	defer func() { span.Finish(llmobs.WithError(err)) }()
	made(span, "", "ask")
	span.Annotate(llmobs.AnnotateOption{
		Input:    question,
		Metadata: map[string]any{"chat_model": endpoint.chatModel},
		Tags:     map[string]string{"example": "docs-agent"},
	})
	passages, err := readDocuments(ctx, root)
	if err != nil {
		return err
	}
	index, err := newIndex(ctx, endpoint, passages)
	if err != nil {
		return err
	}
	librarian := &librarian{endpoint: endpoint, index: index, root: root, show: func(piece string) { fmt.Print(piece) }}
	answer, err := librarian.answer(ctx, question)
	if err != nil {
		return err
	}
	checkCitations(ctx, answer, librarian.known())
	span.AnnotateTextIO("", answer)
	return nil
}

var inBrackets = regexp.MustCompile(`\[([^\[\]\s]+)\]`)

// checkCitations says which sources the answer names, and which of those it was never given.
func checkCitations(ctx context.Context, answer string, sources []string) {
	span, _ := llmobs.StartTaskSpan(ctx, "check_citations")
	defer span.Finish()
	made(span, "ask", "check_citations")
	cited, unknown := []string{}, []string{}
	for _, found := range inBrackets.FindAllStringSubmatch(answer, -1) {
		cited = append(cited, found[1])
	}
	slices.Sort(cited)
	cited = slices.Compact(cited)
	for _, source := range cited {
		if !slices.Contains(sources, source) {
			unknown = append(unknown, source)
		}
	}
	span.Annotate(
		llmobs.WithAnnotatedInput(map[string]any{"answer": answer, "sources": sources}),
		llmobs.WithAnnotatedOutput(map[string]any{"cited": cited, "unknown": unknown}),
	)
}

// checkout is the folder of this repository: this file is in examples/go.
func checkout() (string, error) {
	_, file, _, known := runtime.Caller(0)
	if !known || !filepath.IsAbs(file) {
		return "", fmt.Errorf("where this program's source is, is not known: it was built with -trimpath")
	}
	return filepath.EvalSymlinks(filepath.Join(filepath.Dir(file), "..", ".."))
}
