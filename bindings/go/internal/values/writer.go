// The writer: the JSON text so far, what may still be added to it, and the parts it is made of by hand.

package values

import (
	"math"
	"strconv"
	"sync"
	"unsafe"
)

// Writer writes JSON text into memory that it keeps for the next text. The zero value is not ready: [Get] gives
// a writer. It is for one goroutine at a time.
//
// It makes one value, or, between [Writer.Begin] and [Writer.End], one object whose members have a budget each:
//
//	w.Begin()
//	w.Member("input")
//	w.ArrayBegin()
//	for _, message := range messages {
//		if !w.Item() {
//			break
//		}
//		w.ObjectBegin()
//		w.Key("content")
//		w.Text(message)
//		w.ObjectEnd()
//	}
//	w.ArrayEnd()
//	w.Member("metadata")
//	w.Value(metadata)
//	w.End()
//
// Member, Key and Item put the commas. A text that does not fit into the budget is cut and ends with "[cut]".
type Writer struct {
	out []byte
	// end is how long the text may be where a value begins.
	end int
	// left is the number of values that may still be written.
	left int
	// depth is the number of containers around the current value.
	depth int
	// open are those of them that may contain themselves, and the pointers that led there.
	open []place
}

// place is what a pointer, a map or a slice refers to.
type place struct {
	at unsafe.Pointer
	// length is that of a slice: one with the same beginning and another length is another.
	length int
	// pointer is the plan of a pointer: a struct and its first field are at the same place.
	pointer *plan
}

// mostKept is the size of a buffer in bytes up to which it is kept for the next text.
const mostKept = 64 << 10

var pool = sync.Pool{New: func() any { return &Writer{out: make([]byte, 0, 2048)} }}

// Get gives an empty writer. [Writer.Put] gives it back.
func Get() *Writer {
	w := pool.Get().(*Writer)
	w.Reset()
	return w
}

// Put gives the writer back: neither it nor what Bytes and View gave is used after that. Large memory is left
// to the garbage collector.
func (w *Writer) Put() {
	if cap(w.out) <= mostKept {
		// Whatever was walked is not kept in memory.
		clear(w.open[:cap(w.open)])
		pool.Put(w)
	}
}

// Reset begins a new text, with the budget of one member.
func (w *Writer) Reset() {
	w.out, w.open, w.depth = w.out[:0], w.open[:0], 0
	w.left, w.end = CoreBounds.Values, CoreBounds.Bytes
}

// Bytes gives the text, until the writer is used again.
func (w *Writer) Bytes() []byte { return w.out }

// View gives the text without copying it: it changes when the writer is used again.
func (w *Writer) View() string { return textOf(w.out) }

// String gives a copy of the text.
func (w *Writer) String() string { return string(w.out) }

// Begin begins the object of members.
func (w *Writer) Begin() { w.out = append(w.out, '{') }

// Member begins a member with a budget of its own: [Bounds.Bytes], but no more than is left of
// [Bounds.BytesTogether], and at least [Bounds.BytesLeast]. The name is written as it is: it must need no
// escapes. One value follows.
func (w *Writer) Member(name string) {
	w.comma('{')
	w.out = append(w.out, '"')
	w.out = append(w.out, name...)
	w.out = append(w.out, '"', ':')
	room := max(min(CoreBounds.BytesTogether-len(w.out), CoreBounds.Bytes), CoreBounds.BytesLeast)
	w.left, w.end = CoreBounds.Values, len(w.out)+room
}

// End ends the object of members.
func (w *Writer) End() { w.out = append(w.out, '}') }

// ObjectBegin begins an object.
func (w *Writer) ObjectBegin() {
	w.left--
	w.depth++
	w.out = append(w.out, '{')
}

// Key begins a member of an object. One value follows.
func (w *Writer) Key(name string) {
	w.comma('{')
	w.text(name)
	w.out = append(w.out, ':')
}

// ObjectEnd ends an object.
func (w *Writer) ObjectEnd() {
	w.depth--
	w.out = append(w.out, '}')
}

// ArrayBegin begins an array.
func (w *Writer) ArrayBegin() {
	w.left--
	w.depth++
	w.out = append(w.out, '[')
}

// Item begins an element of an array: one value follows. False if the budget is used up: then a text that says
// so is the last element, and ArrayEnd follows.
func (w *Writer) Item() bool {
	w.comma('[')
	if w.Full() {
		w.text(CoreStandIns.TooMany)
		return false
	}
	return true
}

// ArrayEnd ends an array.
func (w *Writer) ArrayEnd() {
	w.depth--
	w.out = append(w.out, ']')
}

// Full says whether the budget of the current member is used up.
func (w *Writer) Full() bool { return w.left <= 0 || len(w.out) >= w.end }

// Text writes a text. Each byte that is not UTF-8 becomes U+FFFD.
func (w *Writer) Text(text string) {
	w.left--
	w.text(text)
}

// Int writes an integer.
func (w *Writer) Int(number int64) {
	w.left--
	w.integer(number)
}

// Uint writes an integer.
func (w *Writer) Uint(number uint64) {
	w.left--
	w.unsigned(number)
}

// Float writes a number; NaN and infinities as NaN, Infinity and -Infinity, which the core takes.
func (w *Writer) Float(number float64) {
	w.left--
	w.float(number, 64)
}

// Bool writes true or false.
func (w *Writer) Bool(truth bool) {
	w.left--
	w.truth(truth)
}

// Null writes null.
func (w *Writer) Null() {
	w.left--
	w.null()
}

// Raw writes JSON that is known to be valid, in UTF-8. If there is no room for it, it becomes a text that is cut.
func (w *Writer) Raw(json []byte) {
	w.left--
	w.raw(json)
}

func (w *Writer) raw(json []byte) {
	if len(json) > w.room() {
		w.text(textOf(json))
		return
	}
	w.out = append(w.out, json...)
}

func (w *Writer) integer(number int64) { w.out = strconv.AppendInt(w.out, number, 10) }

func (w *Writer) unsigned(number uint64) { w.out = strconv.AppendUint(w.out, number, 10) }

func (w *Writer) truth(truth bool) { w.out = strconv.AppendBool(w.out, truth) }

func (w *Writer) null() { w.out = append(w.out, "null"...) }

// float writes as encoding/json does, which is as ECMAScript does.
func (w *Writer) float(number float64, bits int) {
	switch {
	case number != number:
		w.out = append(w.out, "NaN"...)
	case number > math.MaxFloat64:
		w.out = append(w.out, "Infinity"...)
	case number < -math.MaxFloat64:
		w.out = append(w.out, "-Infinity"...)
	default:
		w.finite(number, bits)
	}
}

func (w *Writer) finite(number float64, bits int) {
	size := math.Abs(number)
	plain := size == 0 || size >= 1e-6 && size < 1e21
	if bits == 32 {
		// What is 1e-6 there is less than that here.
		plain = size == 0 || float32(size) >= 1e-6 && float32(size) < 1e21
	}
	if plain {
		w.out = strconv.AppendFloat(w.out, number, 'f', -1, bits)
		return
	}
	out := strconv.AppendFloat(w.out, number, 'e', -1, bits)
	// An exponent has no zero in front: e-7, not e-07.
	if last := len(out) - 1; out[last-1] == '0' && out[last-2] == '-' {
		out[last-1] = out[last]
		out = out[:last]
	}
	w.out = out
}

func (w *Writer) room() int { return w.end - len(w.out) }

// comma separates what follows from what is there, if that is more than the opening bracket.
func (w *Writer) comma(opening byte) {
	if w.out[len(w.out)-1] != opening {
		w.out = append(w.out, ',')
	}
}
