// The documents of this repository, as passages short enough to search and to cite.

package main

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/witspan/witspan-go/llmobs"
)

const passageCharacters = 700

// patterns are what is read. What is not there is left out, so that the program works on any state of the
// repository.
var patterns = []string{"README.md", "ARCHITECTURE.md", "docs/**/*.md", "wit/*.wit"}

// passage is a few paragraphs of one document, and where they begin: `path:line`.
type passage struct{ source, text string }

// readDocuments reads all documents below root.
func readDocuments(ctx context.Context, root string) (passages []passage, err error) {
	span, _ := llmobs.StartTaskSpan(ctx, "read_documents")
	defer func() { span.Finish(llmobs.WithError(err)) }()
	made(span, "ask", "read_documents")
	files, err := documentsOf(root)
	if err != nil {
		return nil, err
	}
	for _, name := range files {
		text, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			return nil, err
		}
		passages = split(passages, string(text), filepath.ToSlash(name))
	}
	// Every passage would be too much to look at. The counts say enough.
	span.Annotate(
		llmobs.WithAnnotatedInput(map[string]any{"patterns": patterns}),
		llmobs.WithAnnotatedOutput(map[string]int{"files": len(files), "passages": len(passages)}),
	)
	return passages, nil
}

func documentsOf(root string) (files []string, err error) {
	for _, name := range []string{"README.md", "ARCHITECTURE.md"} {
		if _, err := os.Stat(filepath.Join(root, name)); err == nil {
			files = append(files, name)
		}
	}
	below, err := filepath.Glob(filepath.Join(root, "wit", "*.wit"))
	if err != nil {
		return nil, err
	}
	err = filepath.WalkDir(filepath.Join(root, "docs"), func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && filepath.Ext(path) == ".md" {
			below = append(below, path)
		}
		return err
	})
	for _, path := range below {
		name, _ := filepath.Rel(root, path)
		files = append(files, name)
	}
	slices.SortFunc(files, byParts)
	return files, err
}

// byParts orders paths by the names of their folders, as the other languages do.
func byParts(a, b string) int {
	cut := func(path string) []string { return strings.Split(filepath.ToSlash(path), "/") }
	return slices.Compare(cut(a), cut(b))
}

// split cuts text at blank lines and headings into passages of about passageCharacters.
func split(passages []passage, text, name string) []passage {
	var lines []string
	var first, characters int
	add := func() {
		if whole := strings.TrimSpace(strings.Join(lines, "\n")); whole != "" {
			passages = append(passages, passage{name + ":" + strconv.Itoa(first), whole})
		}
		lines, characters = nil, 0
	}
	for at, line := range strings.Split(text, "\n") {
		blank := strings.TrimSpace(line) == ""
		if strings.HasPrefix(line, "#") || blank && characters >= passageCharacters {
			add()
		}
		if len(lines) == 0 {
			first = at + 1
		}
		if len(lines) > 0 || !blank {
			lines = append(lines, line)
			characters += utf8.RuneCountInString(line)
		}
	}
	add()
	return passages
}
