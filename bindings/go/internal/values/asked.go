// Asks values for their own form: whatever their code does, a text comes of it.

package values

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"strconv"
)

const (
	// cost is as how many values one counts whose own code has to run first.
	cost = 50
	// mostDigits is the number of an integer's digits that are written, as in the other languages: more take long.
	mostDigits = 4300
	// digitBits is less than the number of bits of a decimal digit.
	digitBits = 3.3219
)

// asked runs code of the application. False if it failed or panicked.
func asked[T any](code func() (T, error)) (said T, ok bool) {
	defer func() { _ = recover() }()
	said, err := code()
	return said, err == nil
}

// isNil says whether there is nobody to ask.
func isNil(value reflect.Value) bool {
	return (value.Kind() == reflect.Pointer || value.Kind() == reflect.Interface) && value.IsNil()
}

func askedJSON(w *Writer, value reflect.Value, _ *plan) {
	if isNil(value) {
		w.null()
		return
	}
	w.left -= cost
	said, ok := asked(func() ([]byte, error) { return value.Interface().(json.Marshaler).MarshalJSON() })
	if !ok || !w.json(said) {
		w.text(CoreStandIns.Unserializable)
	}
}

func askedText(w *Writer, value reflect.Value, _ *plan) {
	if isNil(value) {
		w.null()
		return
	}
	w.left -= cost
	said, ok := asked(func() ([]byte, error) { return value.Interface().(encoding.TextMarshaler).MarshalText() })
	if !ok {
		w.text(CoreStandIns.Unserializable)
		return
	}
	w.text(textOf(said))
}

func askedError(w *Writer, value reflect.Value, _ *plan) {
	if isNil(value) {
		w.null()
		return
	}
	w.left -= cost
	said, ok := asked(func() (string, error) { return value.Interface().(error).Error(), nil })
	if !ok {
		said = CoreStandIns.Unserializable
	}
	w.text(said)
}

// writeBigInt does what MarshalJSON of a *big.Int does, unless it has very many digits.
func writeBigInt(w *Writer, value reflect.Value, _ *plan) {
	number := value.Interface().(*big.Int)
	switch {
	case number == nil:
		w.null()
	case float64(number.BitLen()) > mostDigits*digitBits:
		w.text(CoreStandIns.TooLarge)
	default:
		w.out = number.Append(w.out, 10)
	}
}

// keyOf says how keys of a type become texts: as in encoding/json, and by fmt.Sprint where that refuses them.
func keyOf(t reflect.Type) func(w *Writer, key reflect.Value) string {
	switch kind := t.Kind(); {
	case kind == reflect.String:
		return func(_ *Writer, key reflect.Value) string { return key.String() }
	case t.Implements(textMarshaler):
		return func(w *Writer, key reflect.Value) string {
			if isNil(key) {
				return ""
			}
			return w.askedKey(func() (string, error) {
				text, err := key.Interface().(encoding.TextMarshaler).MarshalText()
				return string(text), err
			})
		}
	case kind == reflect.Interface:
		return func(w *Writer, key reflect.Value) string {
			if key.IsNil() {
				return fmt.Sprint(nil)
			}
			return keyOf(key.Elem().Type())(w, key.Elem())
		}
	case kind >= reflect.Int && kind <= reflect.Int64:
		return func(_ *Writer, key reflect.Value) string { return strconv.FormatInt(key.Int(), 10) }
	case kind >= reflect.Uint && kind <= reflect.Uintptr:
		return func(_ *Writer, key reflect.Value) string { return strconv.FormatUint(key.Uint(), 10) }
	}
	return func(w *Writer, key reflect.Value) string {
		return w.askedKey(func() (string, error) { return printed(key.Interface()), nil })
	}
}

func (w *Writer) askedKey(code func() (string, error)) string {
	w.left -= cost
	text, ok := asked(code)
	if !ok {
		return CoreStandIns.UnserializableKey
	}
	return text
}

// printed is fmt.Sprint, but panics where that would print that the value's own code panicked.
func printed(key any) string {
	switch key := key.(type) {
	case error:
		return key.Error()
	case fmt.Stringer:
		return key.String()
	}
	return fmt.Sprint(key)
}
