package core

// Option is a value that may be absent; the zero value is.
type Option[T any] struct {
	Has   bool
	Value T
}

// Some makes an option that has a value.
func Some[T any](value T) Option[T] {
	return Option[T]{Has: true, Value: value}
}
