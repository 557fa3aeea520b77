// The conformance suite through what a Go program uses: the engine, its goroutine that sends, and a real HTTP
// receiver.
package main

import (
	"fmt"

	"github.com/witspan/witspan-go/internal/core"
	"github.com/witspan/witspan-go/tests/conformance/suite"
)

// onCore are the cases that stay on an instance of the core, and why.
var onCore = map[string]string{
	"sampling-rate-too-high": rate,
	"sampling-rate-negative": rate,
}

const (
	rate  = "the plan reports a wrong rate and gives the core the default"
	polls = "the engine polls by itself, in real time, and the suite's clock stands"
)

func main() {
	bare := suite.OnCore(core.New)
	found := map[string]int{}
	suite.Main("go", func(one *suite.Case, format string) suite.Subject {
		why := onCore[one.Name]
		for at := range one.Program {
			if one.Program[at].Do == "poll" {
				why = polls
			}
		}
		if why == "" {
			return newHost(one, format)
		}
		if found[why]++; found[why] == 1 {
			fmt.Printf("go: on the core alone is %s, and whatever else needs that: %s\n", one.Name, why)
		}
		return bare(one, format)
	}, core.New)
}
