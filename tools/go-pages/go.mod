module pages

go 1.26.0

require (
	github.com/sashabaranov/go-openai v1.43.0
	github.com/witspan/witspan-go v0.0.0
	golang.org/x/sync v0.23.0
)

replace github.com/witspan/witspan-go => ../../bindings/go
