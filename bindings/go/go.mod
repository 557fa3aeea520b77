module github.com/witspan/witspan-go

go 1.24
