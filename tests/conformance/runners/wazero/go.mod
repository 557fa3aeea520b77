module github.com/witspan/witspan-go/tests/wazero

go 1.25.0

require (
	github.com/tetratelabs/wazero v1.12.0
	github.com/witspan/witspan-go v0.0.0
	github.com/witspan/witspan-go/tests/conformance v0.0.0
)

require golang.org/x/sys v0.44.0 // indirect

replace (
	github.com/witspan/witspan-go => ../../../../bindings/go
	github.com/witspan/witspan-go/tests/conformance => ../go
)
