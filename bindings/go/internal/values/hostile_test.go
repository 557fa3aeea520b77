// Values that do whatever they can to fail the walk.

package values

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"net/http"
	"os"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"
)

type panicJSON struct{}

func (panicJSON) MarshalJSON() ([]byte, error) { panic("json") }

type failJSON struct{}

func (failJSON) MarshalJSON() ([]byte, error) { return []byte("1"), errors.New("no") }

type badJSON struct{}

func (badJSON) MarshalJSON() ([]byte, error) { return []byte(`{"a":`), nil }

type emptyJSON struct{}

func (emptyJSON) MarshalJSON() ([]byte, error) { return nil, nil }

type tornJSON struct{}

func (tornJSON) MarshalJSON() ([]byte, error) { return []byte("\"a\xffb\""), nil }

type hugeJSON struct{}

func (hugeJSON) MarshalJSON() ([]byte, error) {
	return []byte(`"` + strings.Repeat("x", 10_000_000) + `"`), nil
}

type panicText struct{ Name string }

func (panicText) MarshalText() ([]byte, error) { panic("text") }

type panicError struct{}

func (panicError) Error() string { panic("error") }

type panicZero struct{ Kept int }

func (panicZero) IsZero() bool { panic("zero") }

type panicKey struct{ n int }

func (panicKey) String() string { panic("string") }

// jsonOnPointer has its own form only behind a pointer.
type jsonOnPointer struct{ Name string }

func (j *jsonOnPointer) MarshalJSON() ([]byte, error) { return json.Marshal("own " + j.Name) }

type node struct {
	Name string
	Next *node
}

type selfPointer *selfPointer

type selfSlice []selfSlice

type selfMap map[string]selfMap

func ring() *node {
	a, b := &node{Name: "a"}, &node{Name: "b"}
	a.Next, b.Next = b, a
	return a
}

func deep(levels int) any {
	var value any = "bottom"
	for at := range levels {
		if at%2 == 0 {
			value = []any{value}
		} else {
			value = map[string]any{"in": value}
		}
	}
	return value
}

// unfolding is small, and has 10^9 leaves.
func unfolding() any {
	var value any = "leaf"
	for range 9 {
		value = []any{value, value, value, value, value, value, value, value, value, value}
	}
	return value
}

func hostile() map[string]any {
	selfList := []any{1, nil}
	selfList[1] = selfList
	selfObject := map[string]any{"name": "me"}
	selfObject["me"] = selfObject
	var pointer selfPointer
	pointer = &pointer
	slices := selfSlice{nil}
	slices[0] = slices
	maps := selfMap{}
	maps["me"] = maps
	var holder any
	holder = &holder
	var chain any = 1
	for range 100_000 {
		next := chain
		chain = &next
	}
	list := &node{}
	for range 1000 {
		list = &node{"n", list}
	}
	million := make([]int, 1_000_000)
	request, _ := http.NewRequest("GET", "https://example.org/a?b", strings.NewReader("body"))
	return map[string]any{
		"panics in MarshalJSON": []any{1, panicJSON{}, &panicJSON{}, 2},
		"fails in MarshalJSON":  map[string]any{"a": failJSON{}, "b": 1},
		"gives bad JSON":        []any{badJSON{}, emptyJSON{}, tornJSON{}},
		"gives huge JSON":       hugeJSON{},
		"panics in MarshalText": panicText{"x"},
		"panics in Error":       panicError{},
		"panics in a key":       map[panicKey]int{{1}: 1, {2}: 2},
		"panics in a text key":  map[panicText]int{{"a"}: 1},
		"panics in IsZero": struct {
			Z panicZero `json:",omitzero"`
		}{},
		"ring":                     ring(),
		"list in itself":           selfList,
		"object in itself":         selfObject,
		"pointer to itself":        pointer,
		"slice in itself":          slices,
		"map in itself":            maps,
		"interface in itself":      holder,
		"chain of pointers":        chain,
		"long list":                list,
		"deep":                     deep(100_000),
		"unfolding":                unfolding(),
		"a million":                million,
		"too many":                 make([]struct{}, 3_000_000),
		"too many keys":            manyKeys(300_000),
		"huge text":                strings.Repeat("\x00é", 10_000_000),
		"huge bytes":               []byte(strings.Repeat("\xff", 20_000_000)),
		"huge key":                 map[string]int{strings.Repeat("k", 10_000_000): 1},
		"not UTF-8":                []any{"a\xff\xfe\xed\xa0\x80", map[string]int{"\xff": 1}, []byte{0xff, 0}},
		"raw that is no JSON":      []any{json.RawMessage(`{"a":`), json.RawMessage(""), json.RawMessage(nil), json.RawMessage("\xff")},
		"raw that is not UTF-8":    json.RawMessage("{\"a\xff\": 1}"),
		"raw that is deep":         json.RawMessage(strings.Repeat("[", 9_999) + strings.Repeat("]", 9_999)),
		"raw that is too deep":     json.RawMessage(strings.Repeat("[", 100_000) + strings.Repeat("]", 100_000)),
		"raw that is huge":         json.RawMessage("[" + strings.Repeat("1,", 5_000_000) + "1]"),
		"numbers":                  []any{json.Number("1e999999999"), json.Number("-"), json.Number("1 "), json.Number(strings.Repeat("9", 1_000_000))},
		"large integer":            new(big.Int).Lsh(big.NewInt(1), 1_000_000),
		"numbers that are none":    []any{math.NaN(), math.Inf(1), float32(math.Inf(-1)), complex(1, math.NaN())},
		"channels and functions":   []any{make(chan int), (chan int)(nil), fmt.Sprint, unsafe.Pointer(&million)},
		"locks":                    []any{&sync.Mutex{}, &sync.Map{}, struct{ sync.Mutex }{}},
		"a request":                request,
		"reflection":               []any{reflect.ValueOf(1), reflect.TypeFor[int]()},
		"a file":                   os.Stdout,
		"a time out of range":      time.Date(10_001, 1, 1, 0, 0, 0, 0, time.UTC),
		"keys of any type":         map[any]any{1: 2, "1": 3, nil: 4, true: 5, 1.5: 6, [2]int{1, 2}: 7, &node{}: 8},
		"many that count more":     make([]jsonOnPointer, 100_000),
		"nil things":               []any{(*node)(nil), (map[string]int)(nil), ([]int)(nil), (*panicJSON)(nil), (func())(nil), error(nil)},
		"pointers in an interface": []error{(*os.PathError)(nil), nil},
	}
}

func manyKeys(count int) map[string]string {
	object := make(map[string]string, count)
	for at := range count {
		object[fmt.Sprintf("key number %d", at)] = "value"
	}
	return object
}

func TestHostileValuesGiveJSONWithinTheBounds(t *testing.T) {
	for name, value := range hostile() {
		w := Get()
		w.Value(value)
		text := w.String()
		// NaN and infinities are the only words that JSON has not.
		plain := strings.NewReplacer("-Infinity", "0", "Infinity", "0", "NaN", "0").Replace(text)
		if !json.Valid([]byte(plain)) {
			t.Errorf("%s: %.300s", name, text)
		}
		if most := CoreBounds.Bytes + 16*1024; len(text) > most {
			t.Errorf("%s: %d bytes", name, len(text))
		}
		if w.depth != 0 || len(w.open) != 0 {
			t.Errorf("%s: depth %d, open %d", name, w.depth, len(w.open))
		}
		w.Put()
	}
}

func TestOnlyTheValueThatFailsIsReplaced(t *testing.T) {
	for want, value := range map[string]any{
		`[1,"[unserializable]",2]`:                []any{1, panicJSON{}, 2},
		`["[unserializable]","[unserializable]"]`: []any{failJSON{}, badJSON{}},
		`"[unserializable]"`:                      emptyJSON{},
		`{"a":"[unserializable]"}`:                map[string]panicText{"a": {}},
		`["[unserializable]","x"]`:                []error{panicError{}, errors.New("x")},
		`{"[unserializable key]":1}`:              map[panicKey]int{{1}: 1},
		`{"[unserializable key]":2}`:              map[panicText]int{{"a"}: 2},
		`{"[unserializable key]":3}`:              map[any]any{panicKey{3}: 3},
		`{"Z":{"Kept":0}}`: struct {
			Z panicZero `json:",omitzero"`
		}{},
		`[null,null,null,null,null]`: []any{(*panicJSON)(nil), (*node)(nil), (func())(nil), (chan int)(nil), error(nil)},
		`[null]`:                     []error{(*os.PathError)(nil)},
		`{"Name":"a","Next":{"Name":"b","Next":"[cyclic reference]"}}`: ring(),
		`"[integer too large]"`: new(big.Int).Lsh(big.NewInt(1), 1_000_000),
	} {
		expect(t, want, value)
	}
}

func TestAPanicOfTheWalkItselfEndsAtTheOutermostValue(t *testing.T) {
	w := Get()
	defer w.Put()
	w.ArrayBegin()
	w.Item()
	w.Text("before")
	w.Item()
	// Nothing in Go makes the walk itself fail, other than a change of the value meanwhile.
	broken := reflect.TypeFor[struct{ Broken int }]()
	plans.Store(broken, &plan{write: func(w *Writer, _ reflect.Value, _ *plan) {
		w.enter(place{})
		w.out = append(w.out, `{"half`...)
		panic("changed")
	}})
	defer plans.Delete(broken)
	w.Value([]any{1, struct{ Broken int }{}})
	w.Item()
	w.Value(2)
	w.ArrayEnd()
	if text := w.String(); text != `["before","[unserializable]",2]` || w.depth != 0 || len(w.open) != 0 {
		t.Error(text)
	}
}
