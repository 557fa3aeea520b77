// What the agent's model may use: two tools, run side by side, each in a span.

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"sync"

	"github.com/witspan/witspan-go/llmobs"
)

const documentCharacters = 6000

// tools are described as the chat completions API wants them.
var tools = []any{
	tool("read_document", "Reads one document.", "path", "Its path in the repository."),
	tool("search", "Finds the passages nearest in meaning.", "query", "What to look for."),
}

// tool has one text parameter.
func tool(name, description, parameter, meaning string) any {
	return map[string]any{"type": "function", "function": map[string]any{
		"name": name, "description": description, "parameters": map[string]any{
			"type":       "object",
			"properties": map[string]any{parameter: map[string]any{"type": "string", "description": meaning}},
			"required":   []string{parameter},
		},
	}}
}

type toolCall struct {
	ID       string
	Function struct{ Name, Arguments string }
}

// callsOf gives the calls that a message asks for.
func callsOf(reply message) (calls []toolCall, err error) {
	asked, err := json.Marshal(reply["tool_calls"])
	if err == nil {
		err = json.Unmarshal(asked, &calls)
	}
	return calls, err
}

// useTools runs what the model asked for in one turn, all at the same time.
func (l *librarian) useTools(ctx context.Context, calls []toolCall) []message {
	span, ctx := llmobs.StartWorkflowSpan(ctx, "use_tools")
	defer span.Finish()
	made(span, "librarian", fmt.Sprint("use_tools ", l.turn))
	results := make([]message, len(calls))
	var group sync.WaitGroup
	for at, call := range calls {
		group.Add(1)
		go func() {
			defer group.Done()
			results[at] = l.useTool(ctx, call)
		}()
	}
	group.Wait()
	span.Annotate(
		llmobs.WithAnnotatedInput(map[string]any{"calls": raw(calls)}), llmobs.WithAnnotatedOutput(results))
	return results
}

// raw gives calls in OpenAI's own shape.
func raw(calls []toolCall) (shown []any) {
	for _, call := range calls {
		shown = append(shown, map[string]any{"id": call.ID, "type": "function", "function": map[string]any{
			"name": call.Function.Name, "arguments": call.Function.Arguments,
		}})
	}
	return shown
}

// useTool runs one tool. An error becomes an answer to the model, which may choose another way.
func (l *librarian) useTool(ctx context.Context, call toolCall) message {
	content, err := l.run(ctx, call)
	if err != nil {
		// It has left the tool's span, which is marked with it; here it ends.
		content = "error: " + err.Error()
	}
	return message{"role": "tool", "tool_call_id": call.ID, "content": content}
}

func (l *librarian) run(ctx context.Context, call toolCall) (string, error) {
	var given struct{ Path, Query string }
	if err := json.Unmarshal([]byte(call.Function.Arguments), &given); err != nil {
		return "", err
	}
	switch call.Function.Name {
	case "read_document":
		return l.readDocument(ctx, given.Path)
	case "search":
		found, err := l.search(ctx, given.Query)
		if err != nil {
			return "", err
		}
		// As the other languages write it: without escapes for HTML.
		var text bytes.Buffer
		encoder := json.NewEncoder(&text)
		encoder.SetEscapeHTML(false)
		err = encoder.Encode(found)
		return string(bytes.TrimSuffix(text.Bytes(), []byte("\n"))), err
	}
	return "", fmt.Errorf("there is no tool `%s`", call.Function.Name)
}

// readDocument gives the beginning of one document. Nothing outside the repository is read.
func (l *librarian) readDocument(ctx context.Context, path string) (text string, err error) {
	span, _ := llmobs.StartToolSpan(ctx, "read_document")
	defer func() { span.Finish(llmobs.WithError(err)) }()
	made(span, fmt.Sprint("use_tools ", l.turn), "read "+path)
	span.Annotate(llmobs.WithAnnotatedInput(map[string]any{"path": path}))
	// A root keeps what is opened inside, whatever the path and links say.
	root, err := os.OpenRoot(l.root)
	if err != nil {
		return "", err
	}
	defer root.Close()
	file, err := root.Open(filepath.FromSlash(path))
	if err != nil {
		return "", fmt.Errorf("no document `%s`", path)
	}
	defer file.Close()
	var whole bytes.Buffer
	if _, err := whole.ReadFrom(file); err != nil {
		return "", fmt.Errorf("no document `%s`", path)
	}
	characters := []rune(whole.String())
	text = string(characters[:min(len(characters), documentCharacters)])
	l.know(path)
	span.AnnotateTextIO("", text)
	return text, nil
}

// search gives the passages nearest to a query.
func (l *librarian) search(ctx context.Context, query string) (best []found, err error) {
	span, ctx := llmobs.StartToolSpan(ctx, "search")
	defer func() { span.Finish(llmobs.WithError(err)) }()
	label := "search " + query
	made(span, fmt.Sprint("use_tools ", l.turn), label)
	span.Annotate(llmobs.WithAnnotatedInput(map[string]any{"query": query}))
	if best, err = l.index.search(ctx, query, label); err != nil {
		return nil, err
	}
	for _, each := range best {
		l.know(each.Source)
	}
	span.Annotate(llmobs.WithAnnotatedOutput(best))
	return best, nil
}
