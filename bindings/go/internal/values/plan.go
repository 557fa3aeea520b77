// How values of a type are written: found out once for each type, and kept.

package values

import (
	"encoding"
	"encoding/json"
	"math/big"
	"reflect"
	"strconv"
	"sync"
	"time"
)

// plan is what is known of a type.
type plan struct {
	write func(w *Writer, value reflect.Value, p *plan)
	// elem is the plan of what a pointer refers to, or a container holds.
	elem *plan
	// fields are those of a struct.
	fields []field
	// key gives the text of a key of a map.
	key func(w *Writer, key reflect.Value) string
	// fixed means that a value in memory of its own is written as the same value inside a map: that it can be
	// addressed then makes no difference.
	fixed bool
	// quotable means that the option `string` of a field puts the value into quotes.
	quotable bool
	// byPointer means that a value is asked for its form if it can be addressed.
	byPointer bool
}

func (p *plan) walk(w *Writer, value reflect.Value) { p.write(w, value, p) }

// plans holds a *plan for each reflect.Type.
var plans sync.Map

func planOf(t reflect.Type) *plan {
	if known, ok := plans.Load(t); ok {
		return known.(*plan)
	}
	// Types refer to each other, and to themselves: they become known together, when all are complete.
	made := planner{}
	p := made.plan(t)
	for t, p := range made {
		plans.LoadOrStore(t, p)
	}
	return p
}

// planner holds the plans that are being made.
type planner map[reflect.Type]*plan

func (made planner) plan(t reflect.Type) *plan {
	if known, ok := plans.Load(t); ok {
		return known.(*plan)
	}
	if p, ok := made[t]; ok {
		return p
	}
	p := &plan{}
	made[t] = p
	made.fill(p, t)
	return p
}

var (
	jsonMarshaler = reflect.TypeFor[json.Marshaler]()
	textMarshaler = reflect.TypeFor[encoding.TextMarshaler]()
	failure       = reflect.TypeFor[error]()
	anyMap        = reflect.TypeFor[map[string]any]()
	textMap       = reflect.TypeFor[map[string]string]()
)

// known are the types whose own code is not asked.
var known = map[reflect.Type]func(w *Writer, value reflect.Value, p *plan){
	reflect.TypeFor[json.RawMessage](): func(w *Writer, value reflect.Value, _ *plan) { w.rawMessage(value.Bytes()) },
	reflect.TypeFor[json.Number]():     func(w *Writer, value reflect.Value, _ *plan) { w.number(value.String()) },
	reflect.TypeFor[time.Time]():       func(w *Writer, value reflect.Value, _ *plan) { w.time(value.Interface().(time.Time)) },
	reflect.TypeFor[*big.Int]():        writeBigInt,
}

// fill says how a type is written: its own code goes first, in the order of encoding/json.
func (made planner) fill(p *plan, t reflect.Type) {
	if write, ok := known[t]; ok {
		p.write, p.quotable = write, t.Kind() == reflect.String
		return
	}
	pointer := t.Kind() == reflect.Pointer
	if pointer && known[t.Elem()] != nil {
		p.write, p.elem = writePointer, made.plan(t.Elem())
		return
	}
	switch {
	case t.Kind() == reflect.Interface:
		// What it holds is asked.
		p.write, p.fixed = writeInterface, true
	case t.Implements(jsonMarshaler):
		p.write, p.fixed = askedJSON, true
	case !pointer && reflect.PointerTo(t).Implements(jsonMarshaler):
		made.ofKind(p, t)
		askPointer(p, t, made.plan(reflect.PointerTo(t)))
	case t.Implements(textMarshaler):
		p.write, p.fixed = askedText, true
	case !pointer && reflect.PointerTo(t).Implements(textMarshaler):
		made.ofKind(p, t)
		askPointer(p, t, made.plan(reflect.PointerTo(t)))
	case t.Implements(failure):
		p.write, p.fixed = askedError, true
	default:
		made.ofKind(p, t)
	}
}

// askPointer asks the pointer to a value for the value's form, where there is such a pointer; else the value is
// written by its kind, as encoding/json does. Of a struct that shows nothing then, a copy is asked.
func askPointer(p *plan, t reflect.Type, toIt *plan) {
	byKind := p.write
	hidden := t.Kind() == reflect.Struct && len(p.fields) == 0
	p.fixed, p.byPointer = false, true
	p.write = func(w *Writer, value reflect.Value, p *plan) {
		switch {
		case !value.CanInterface():
			// An embedded struct that is not exported may be read, but not asked.
			byKind(w, value, p)
		case value.CanAddr():
			toIt.walk(w, value.Addr())
		case hidden:
			copied := reflect.New(t)
			copied.Elem().Set(value)
			toIt.walk(w, copied)
		default:
			byKind(w, value, p)
		}
	}
}

// ofKind says how a type without code of its own is written.
func (made planner) ofKind(p *plan, t reflect.Type) {
	p.fixed = true
	switch t.Kind() {
	case reflect.Bool:
		p.quotable = true
		p.write = func(w *Writer, value reflect.Value, _ *plan) { w.truth(value.Bool()) }
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		p.quotable = true
		p.write = func(w *Writer, value reflect.Value, _ *plan) { w.integer(value.Int()) }
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		p.quotable = true
		p.write = func(w *Writer, value reflect.Value, _ *plan) { w.unsigned(value.Uint()) }
	case reflect.Float32, reflect.Float64:
		p.quotable = true
		p.write = func(w *Writer, value reflect.Value, _ *plan) { w.float(value.Float(), value.Type().Bits()) }
	case reflect.Complex64, reflect.Complex128:
		p.write = func(w *Writer, value reflect.Value, _ *plan) {
			w.text(strconv.FormatComplex(value.Complex(), 'g', -1, value.Type().Bits()))
		}
	case reflect.String:
		p.quotable = true
		p.write = func(w *Writer, value reflect.Value, _ *plan) { w.text(value.String()) }
	case reflect.Pointer:
		p.write, p.elem = writePointer, made.plan(t.Elem())
	case reflect.Slice:
		if isByte(t.Elem()) {
			p.write = func(w *Writer, value reflect.Value, _ *plan) { w.bytes(value.Bytes()) }
			return
		}
		p.write, p.elem = writeSlice, made.plan(t.Elem())
	case reflect.Array:
		p.fixed = false
		p.write, p.elem = writeArray, made.plan(t.Elem())
	case reflect.Map:
		made.ofMap(p, t)
	case reflect.Struct:
		p.fixed = false
		made.ofStruct(p, t)
	default:
		p.write = writeUnread
	}
}

// ofMap takes the way of the frequent maps for types that are such maps under another name.
func (made planner) ofMap(p *plan, t reflect.Type) {
	switch {
	case t.ConvertibleTo(anyMap):
		p.write = func(w *Writer, value reflect.Value, _ *plan) {
			writeMap(w, value.Convert(anyMap).Interface().(map[string]any), (*Writer).value)
		}
	case t.ConvertibleTo(textMap):
		p.write = func(w *Writer, value reflect.Value, _ *plan) {
			writeMap(w, value.Convert(textMap).Interface().(map[string]string), (*Writer).Text)
		}
	default:
		p.write, p.elem, p.key = writeReflectedMap, made.plan(t.Elem()), keyOf(t.Key())
	}
}

// isByte says whether a slice of the type is bytes, as in encoding/json.
func isByte(t reflect.Type) bool {
	pointer := reflect.PointerTo(t)
	return t.Kind() == reflect.Uint8 && !pointer.Implements(jsonMarshaler) && !pointer.Implements(textMarshaler)
}
