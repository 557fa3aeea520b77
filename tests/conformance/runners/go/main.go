// The conformance suite through the core that is translated to Go, and its calls.
package main

import (
	"github.com/witspan/witspan-go/internal/core"
	"github.com/witspan/witspan-go/tests/conformance/suite"
)

func main() {
	suite.Main("go", core.New)
}
