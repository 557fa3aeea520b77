// The program's own record of the spans it made, for checking what arrived.
//
// Where a span is made, the program says what it is and under which span it means it to be. That
// parent is stated here by hand and never read back from the library, so a checker can compare two
// independent accounts. With WITSPAN_DEMO_MANIFEST unset, nothing is recorded.

package main

import (
	"encoding/json"
	"os"
	"sync"

	"github.com/witspan/witspan-go/llmobs"
)

var manifest = struct {
	sync.Mutex
	path  string
	spans []map[string]string
	idOf  map[string]string
}{path: os.Getenv("WITSPAN_DEMO_MANIFEST"), idOf: map[string]string{"": "undefined"}}

// made notes a span. label names it for its children's under; the root is under "".
func made(span llmobs.Span, under, label string) {
	// With tracing off a span has no ids, and there is nothing to check.
	if manifest.path == "" || span.SpanID() == "" {
		return
	}
	manifest.Lock()
	defer manifest.Unlock()
	manifest.spans = append(manifest.spans, map[string]string{
		"span_id": span.SpanID(), "trace_id": span.TraceID(),
		// A parent that was never noted has no id, which the checker will tell.
		"parent_id": manifest.idOf[under],
		"name":      span.Name(), "kind": span.Kind(),
	})
	manifest.idOf[label] = span.SpanID()
}

// writeManifest writes what was noted to the file that WITSPAN_DEMO_MANIFEST names.
func writeManifest() error {
	if manifest.path == "" {
		return nil
	}
	text, err := json.MarshalIndent(manifest.spans, "", " ")
	if err != nil {
		return err
	}
	return os.WriteFile(manifest.path, append(text, '\n'), 0o600)
}
