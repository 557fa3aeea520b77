package suite

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"strings"
)

var formats = []string{"public-api", "sdk-intake"}

// line is what was found in a chapter.
type line struct {
	Chapter string `json:"chapter"`
	Passed  int    `json:"passed"`
	Failed  int    `json:"failed"`
	Gaps    int    `json:"gaps"`
}

// Subjects makes the subject of a case in a format.
type Subjects func(one *Case, format string) Subject

// OnCore has an instance of the core be the subject, with nothing around it.
func OnCore(fresh Maker) Subjects {
	return func(one *Case, format string) Subject { return newSubject(one, format, fresh) }
}

// Main runs every case, leaves the report of a runner, and ends the program. The cases of setup are calls of
// an instance itself.
func Main(runner string, subjects Subjects, fresh Maker) {
	suite := flag.String("suite", "../..", "the folder of the suite")
	name := flag.String("name", runner, "the runner's name in its report")
	flag.Parse()
	failures, err := report(*name, *suite, subjects, fresh)
	if err != nil {
		failures = append(failures, err.Error())
	}
	for _, failure := range failures {
		fmt.Fprintln(os.Stderr, failure)
	}
	if len(failures) > 0 {
		os.Exit(1)
	}
}

func report(runner, suite string, subjects Subjects, fresh Maker) (failures []string, err error) {
	var table []line
	total := line{}
	checks := map[string]func(*Case) []string{
		"cases": func(one *Case) []string { return cases(one, subjects) },
		"setup": func(one *Case) []string { return setup(one, fresh) },
	}
	for folder, check := range checks {
		chapters, err := read(filepath.Join(suite, folder))
		if err != nil {
			return failures, err
		}
		for _, chapter := range chapters {
			found := line{Chapter: chapter.Chapter}
			for at := range chapter.Cases {
				if wrongs := check(&chapter.Cases[at]); len(wrongs) > 0 {
					found.Failed++
					failures = append(failures, wrongs...)
				} else {
					found.Passed++
				}
			}
			total.Passed += found.Passed
			total.Failed += found.Failed
			table = append(table, found)
		}
	}
	fmt.Printf("%s: %d cases, passed %d, failed %d\n", runner, total.Passed+total.Failed, total.Passed, total.Failed)
	out := filepath.Join(suite, "..", "..", "target", "conformance")
	if err := os.MkdirAll(out, 0o777); err != nil {
		return failures, err
	}
	written, err := json.MarshalIndent(map[string]any{"runner": runner, "chapters": table}, "", "  ")
	if err != nil {
		return failures, err
	}
	return failures, os.WriteFile(filepath.Join(out, runner+".json"), append(written, '\n'), 0o666)
}

// read reads the chapters of a folder, and fails where they are not as many as they were.
func read(folder string) (chapters []Chapter, err error) {
	paths, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	were := 0
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		var chapter Chapter
		if err := json.Unmarshal(text, &chapter); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if chapter.Version != 1 {
			return nil, fmt.Errorf("%s: version %d", path, chapter.Version)
		}
		were += len(chapter.Cases)
		chapters = append(chapters, chapter)
	}
	text, err := os.ReadFile(filepath.Join(folder, "COUNT"))
	if err != nil {
		return nil, err
	}
	if are, err := strconv.Atoi(strings.TrimSpace(string(text))); err != nil || are != were {
		return nil, fmt.Errorf("%s: %d cases instead of %s", folder, were, text)
	}
	return chapters, nil
}

// attempt gives what was wrong with a run, or nothing.
func attempt(name string, run func()) (wrongs []string) {
	defer func() {
		switch why := recover().(type) {
		case nil:
		case wrong:
			wrongs = append(wrongs, fmt.Sprintf("%s: %s", name, string(why)))
		default:
			wrongs = append(wrongs, fmt.Sprintf("%s: %v\n%s", name, why, debug.Stack()))
		}
	}()
	run()
	return nil
}

func cases(one *Case, subjects Subjects) (wrongs []string) {
	for _, format := range formats {
		wrongs = append(wrongs, attempt(fmt.Sprintf("%s (%s)", one.Name, format), func() {
			run := program{subjects(one, format), map[string]Span{}, map[string]string{}}
			defer run.Close()
			run.run(one.Program)
			requests, dispositions, counters := run.Flush()
			expected := one.Requests[format]
			same("number of requests", len(requests), len(expected))
			for at, sent := range requests {
				same("request", sent, expected[at])
			}
			if one.Answers != nil && dispositions != nil {
				same("dispositions", dispositions, one.Dispositions)
			}
			if one.Statistics == nil {
				one.Statistics = map[string]uint64{}
			}
			same("counters", counters, one.Statistics)
		})...)
	}
	return wrongs
}

func setup(one *Case, fresh Maker) []string {
	return attempt(one.Name, func() {
		gives, refused := called(one, fresh)
		same(one.Call, []any{gives, refused}, []any{one.Gives, one.Refused})
		for at, sending := range one.Sends {
			agent, _ := sending["agent"].(map[string]any)
			same(fmt.Sprintf("sends %d", at), goneOn(one, agent, fresh), sending)
		}
	})
}
