// What was recorded: the spans in their order, one by name, and all of them as a tree.

package llmobstest

import (
	"cmp"
	"slices"
	"strings"

	"github.com/witspan/witspan-go/internal/settings"
)

// Spans gives the spans that have finished, in the order of their start, a parent before its children.
func (r *Recorder) Spans() []Span {
	r.flush()
	spans, _, _, err := r.memory.read()
	if err != nil {
		r.fail("llmobstest: a request cannot be read: %v", err)
	}
	return spans
}

// Named gives the spans of a name.
func (r *Recorder) Named(name string) []Span {
	return slices.DeleteFunc(r.Spans(), func(span Span) bool { return span.Name != name })
}

// Span gives the only span of a name. If there is none, or more than one, the test ends and shows what was recorded;
// a recorder of [New] that is bound to no test panics.
func (r *Recorder) Span(name string) Span {
	found := r.Named(name)
	if len(found) != 1 {
		if r.t != nil {
			r.t.Helper()
		}
		r.fail("llmobstest: %d spans are named %q, not 1; %s", len(found), name, r)
	}
	return found[0]
}

// String shows what was recorded.
func (r *Recorder) String() string {
	tree := r.Tree()
	if tree == "" {
		return "nothing was recorded"
	}
	return "recorded:\n" + tree
}

// Tree gives all traces as text, a line for each span, with its kind, name, model and error:
//
//	workflow   offer
//	llm        ├─ understand (gpt-4o)
//	tool       └─ price ! *errors.errorString: there is no boat
//
// It is the same in every language, and has nothing of chance, such as ids and times.
func (r *Recorder) Tree() string {
	spans := r.Spans()
	children, roots := below(spans)
	var lines []string
	var write func(at int, stem, branch, next string)
	write = func(at int, stem, branch, next string) {
		lines = append(lines, line(&spans[at], stem+branch))
		for number, child := range children[at] {
			if number == len(children[at])-1 {
				write(child, stem+next, "└─ ", "   ")
			} else {
				write(child, stem+next, "├─ ", "│  ")
			}
		}
	}
	for _, root := range roots {
		write(root, "", "", "")
	}
	return strings.Join(lines, "\n")
}

func line(span *Span, branch string) string {
	title := span.Name
	if span.ModelName != "" && span.ModelName != "unknown" {
		title += " (" + span.ModelName + ")"
	}
	if span.Error != nil {
		// A message may have lines of its own.
		title += " ! " + strings.Join(strings.Fields(span.Error.Type+": "+span.Error.Message), " ")
	}
	kind := span.Kind + strings.Repeat(" ", max(10-len(span.Kind), 0))
	// Names and messages may be another's, and this is printed.
	return kind + " " + branch + settings.Shown(title)
}

// below gives the children of each span, and the spans whose parent was not recorded, by their places. Whoever
// records spans under ids of their own can make a ring of them: then the first of it is a root.
func below(spans []Span) (children [][]int, roots []int) {
	children = make([][]int, len(spans))
	byID := map[string]int{}
	for at := range spans {
		byID[spans[at].SpanID] = at
	}
	seen := make([]bool, len(spans))
	visit := func(root int) {
		roots = append(roots, root)
		waiting := []int{root}
		for len(waiting) > 0 {
			at := waiting[len(waiting)-1]
			waiting = waiting[:len(waiting)-1]
			seen[at] = true
			// A child that was seen is the root of a ring.
			children[at] = slices.DeleteFunc(children[at], func(child int) bool { return seen[child] })
			waiting = append(waiting, children[at]...)
		}
	}
	var top []int
	for at := range spans {
		if parent, has := byID[spans[at].ParentID]; has && spans[at].ParentID != "" {
			children[parent] = append(children[parent], at)
		} else {
			top = append(top, at)
		}
	}
	for _, root := range top {
		visit(root)
	}
	for at := range spans {
		if !seen[at] {
			visit(at)
		}
	}
	return children, roots
}

// inOrder sorts spans by their start. Clocks may be coarse, or stand still: then what is above comes first.
func inOrder(spans []Span) []Span {
	byStart := func(one, other Span) int { return cmp.Compare(one.Start.UnixNano(), other.Start.UnixNano()) }
	slices.SortStableFunc(spans, byStart)
	children, roots := below(spans)
	ordered := make([]Span, 0, len(spans))
	waiting := slices.Clone(roots)
	slices.Reverse(waiting)
	for len(waiting) > 0 {
		at := waiting[len(waiting)-1]
		waiting = waiting[:len(waiting)-1]
		ordered = append(ordered, spans[at])
		for number := len(children[at]) - 1; number >= 0; number-- {
			waiting = append(waiting, children[at][number])
		}
	}
	slices.SortStableFunc(ordered, byStart)
	return ordered
}
