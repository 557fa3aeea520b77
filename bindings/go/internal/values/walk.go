// Walks pointers, interfaces and containers of any type by reflection.

package values

import (
	"reflect"
	"slices"
)

const (
	// mostOfAName is the number of bytes of a type's name that are written.
	mostOfAName = 200
	// mostOpen is how many places are open at most for each level of nesting: itself, and pointers to it.
	mostOpen = 3
)

// writePointer writes what a pointer refers to: that is no level of nesting, but pointers may make a ring or a
// chain of any length.
func writePointer(w *Writer, value reflect.Value, p *plan) {
	if value.IsNil() {
		w.null()
		return
	}
	this := place{at: value.UnsafePointer(), pointer: p}
	switch {
	case slices.Contains(w.open, this):
		w.text(CoreStandIns.Cyclic)
	case len(w.open) >= mostOpen*CoreBounds.Depth:
		w.out = append(w.out, "[]"...)
	default:
		w.open = append(w.open, this)
		p.elem.walk(w, value.Elem())
		w.open = w.open[:len(w.open)-1]
	}
}

func writeInterface(w *Writer, value reflect.Value, _ *plan) {
	// What an interface holds is counted by itself.
	w.left++
	w.value(value.Interface())
}

func writeSlice(w *Writer, value reflect.Value, p *plan) {
	if value.IsNil() {
		w.null()
	} else if w.enter(place{at: value.UnsafePointer(), length: value.Len()}) {
		w.elements(value, p)
	}
}

func writeArray(w *Writer, value reflect.Value, p *plan) {
	if w.enter(place{}) {
		w.elements(value, p)
	}
}

func (w *Writer) elements(value reflect.Value, p *plan) {
	w.out = append(w.out, '[')
	for at := range value.Len() {
		if !w.Item() {
			break
		}
		w.left--
		p.elem.walk(w, value.Index(at))
	}
	w.out = append(w.out, ']')
	w.leave()
}

func writeReflectedMap(w *Writer, value reflect.Value, p *plan) {
	if value.IsNil() {
		w.null()
		return
	}
	if !w.enter(place{at: value.UnsafePointer()}) {
		return
	}
	// One memory for all keys, and for all members where a member in memory is written like one in a map.
	key := reflect.New(value.Type().Key()).Elem()
	var memory reflect.Value
	if p.elem.fixed {
		memory = reflect.New(value.Type().Elem()).Elem()
	}
	w.out = append(w.out, '{')
	for members := value.MapRange(); members.Next(); {
		if w.exhausted() {
			break
		}
		key.SetIterKey(members)
		w.Key(p.key(w, key))
		w.left--
		if p.elem.fixed {
			memory.SetIterValue(members)
			p.elem.walk(w, memory)
		} else {
			p.elem.walk(w, members.Value())
		}
	}
	w.out = append(w.out, '}')
	w.leave()
}

// writeUnread names the type of what has nothing to read.
func writeUnread(w *Writer, value reflect.Value, _ *plan) {
	switch value.Kind() {
	case reflect.Chan, reflect.Func, reflect.UnsafePointer:
		if value.IsNil() {
			w.null()
			return
		}
	}
	name := value.Type().String()
	if len(name) > mostOfAName {
		name = name[:boundary(name, mostOfAName)]
	}
	w.text("[" + name + "]")
}
