// Any value: the types that most values have, without reflection.

package values

import (
	"encoding/json"
	"reflect"
	"slices"
	"time"
	"unicode/utf8"
	"unsafe"
)

// Value writes any value as encoding/json would, except that nothing fails, and nothing is lost:
//
//   - NaN, Infinity and -Infinity are written so
//   - a json.RawMessage that is not valid JSON, and a json.Number that is no number, is its text
//   - []byte is its text if it is UTF-8, else base64
//   - an error is the text of Error(), unless it has MarshalJSON or MarshalText
//   - a value whose MarshalJSON, MarshalText or Error panics or fails, or gives no JSON, becomes
//     [StandIns.Unserializable], alone
//   - complex numbers are texts: "(1+2i)"
//   - channels, functions, unsafe pointers, and structs of which no field is visible are texts that name their
//     type: "[chan int]"; nil ones are null
//   - keys of maps that encoding/json refuses are those that fmt.Sprint gives
//   - a container inside itself, one too deep, and what is beyond the bounds have texts in their place;
//     JSON that the value itself gives is a text that is cut if there is no room for it
//
// Panics of the value's own code, and any other, end here. But the value must not be changed while the call
// runs: Go ends the program, and nothing can recover from it, if a map is written to while it is read.
func (w *Writer) Value(value any) {
	if !w.scalar(value) {
		w.guarded(value)
	}
}

// guarded puts a text into the place of a value that could not be walked, so that the text stays JSON.
func (w *Writer) guarded(value any) {
	length, open, depth := len(w.out), len(w.open), w.depth
	defer func() {
		if recover() != nil {
			w.out, w.open, w.depth = w.out[:length], w.open[:open], depth
			w.text(CoreStandIns.Unserializable)
		}
	}()
	w.container(value)
}

// value writes a value inside another one.
func (w *Writer) value(value any) {
	if !w.scalar(value) {
		w.container(value)
	}
}

// scalar writes a value that needs no walk, of a type that Go itself has. Each counts as one value.
func (w *Writer) scalar(value any) bool {
	w.left--
	switch value := value.(type) {
	case nil:
		w.null()
	case string:
		w.text(value)
	case bool:
		w.truth(value)
	case int:
		w.integer(int64(value))
	case int64:
		w.integer(value)
	case int32:
		w.integer(int64(value))
	case int16:
		w.integer(int64(value))
	case int8:
		w.integer(int64(value))
	case uint:
		w.unsigned(uint64(value))
	case uint64:
		w.unsigned(value)
	case uint32:
		w.unsigned(uint64(value))
	case uint16:
		w.unsigned(uint64(value))
	case uint8:
		w.unsigned(uint64(value))
	case float64:
		w.float(value, 64)
	case float32:
		w.float(float64(value), 32)
	default:
		return false
	}
	return true
}

// container writes a value that scalar did not. It has been counted.
func (w *Writer) container(value any) {
	switch value := value.(type) {
	case map[string]any:
		writeMap(w, value, (*Writer).value)
	case map[string]string:
		writeMap(w, value, (*Writer).Text)
	case []any:
		writeItems(w, value, (*Writer).value)
	case []string:
		writeItems(w, value, (*Writer).Text)
	case []map[string]any:
		writeItems(w, value, func(w *Writer, item map[string]any) {
			w.left--
			writeMap(w, item, (*Writer).value)
		})
	case []map[string]string:
		writeItems(w, value, func(w *Writer, item map[string]string) {
			w.left--
			writeMap(w, item, (*Writer).Text)
		})
	case []byte:
		w.bytes(value)
	case json.RawMessage:
		w.rawMessage(value)
	case json.Number:
		w.number(string(value))
	case time.Time:
		w.time(value)
	default:
		reflected := reflect.ValueOf(value)
		planOf(reflected.Type()).walk(w, reflected)
	}
}

func writeMap[V any](w *Writer, members map[string]V, write func(*Writer, V)) {
	if members == nil {
		w.null()
		return
	}
	if !w.enter(place{at: reflect.ValueOf(members).UnsafePointer()}) {
		return
	}
	w.out = append(w.out, '{')
	for key, member := range members {
		if w.exhausted() {
			break
		}
		w.Key(key)
		write(w, member)
	}
	w.out = append(w.out, '}')
	w.leave()
}

func writeItems[V any](w *Writer, items []V, write func(*Writer, V)) {
	if items == nil {
		w.null()
		return
	}
	if !w.enter(place{at: unsafe.Pointer(unsafe.SliceData(items)), length: len(items)}) {
		return
	}
	w.out = append(w.out, '[')
	for _, item := range items {
		if !w.Item() {
			break
		}
		write(w, item)
	}
	w.out = append(w.out, ']')
	w.leave()
}

// enter goes into a container. False if a text is in its place: then leave is not called.
func (w *Writer) enter(this place) bool {
	switch {
	case this.at != nil && slices.Contains(w.open, this):
		w.text(CoreStandIns.Cyclic)
	case w.depth >= CoreBounds.Depth:
		w.out = append(w.out, "[]"...)
	case w.Full():
		w.text(CoreStandIns.TooMany)
	default:
		w.open = append(w.open, this)
		w.depth++
		return true
	}
	return false
}

func (w *Writer) leave() {
	w.open = w.open[:len(w.open)-1]
	w.depth--
}

// exhausted says whether the budget is used up. Then the last member of the object says so.
func (w *Writer) exhausted() bool {
	if !w.Full() {
		return false
	}
	w.Key(CoreStandIns.TooMany)
	w.out = append(w.out, "true"...)
	return true
}

// rawMessage writes JSON as it is, each number digit by digit. Else it is a text: nothing of it is lost.
func (w *Writer) rawMessage(given json.RawMessage) {
	if given == nil {
		w.null()
	} else if !w.json(given) {
		w.text(textOf(given))
	}
}

// json writes what the application gave as JSON. False if it is none: then nothing is written.
func (w *Writer) json(given []byte) bool {
	if len(given) > w.room() {
		// It will be cut, so it is a text whatever it is.
		w.text(textOf(given))
		return true
	}
	if !json.Valid(given) {
		return false
	}
	if !utf8.Valid(given) {
		// Inside texts encoding/json lets that pass.
		given = []byte(string([]rune(string(given))))
	}
	w.raw(given)
	return true
}

// number writes a json.Number with all its digits, and as a text if it is none.
func (w *Writer) number(number string) {
	if len(number) <= w.room() && isNumber(number) {
		w.out = append(w.out, number...)
	} else {
		w.text(number)
	}
}

func isNumber(text string) bool {
	if text == "" || text[0] != '-' && (text[0] < '0' || text[0] > '9') {
		return false
	}
	// What begins like a number is nothing else; but JSON may end with white space.
	end := text[len(text)-1]
	return end >= '0' && end <= '9' && json.Valid(bytesOf(text))
}

func (w *Writer) time(time time.Time) {
	out, err := time.AppendText(append(w.out, '"'))
	if err != nil {
		// RFC 3339 has no such year, or no such zone.
		w.text(time.String())
		return
	}
	w.out = append(out, '"')
}
