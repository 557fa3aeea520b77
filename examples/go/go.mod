module docsagent

go 1.24

require github.com/witspan/witspan-go v0.0.0

replace github.com/witspan/witspan-go => ../../bindings/go
