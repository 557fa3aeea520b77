// The parts that callers put together by hand, their budgets, and the writers that are kept.

package values

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

func TestAnObjectIsPutTogetherByHand(t *testing.T) {
	w := Get()
	defer w.Put()
	w.Begin()
	w.Member("input")
	w.ArrayBegin()
	for _, text := range []string{"a", "[", "{"} {
		w.Item()
		w.ObjectBegin()
		w.Key("te\"xt")
		w.Text(text)
		w.Key("list")
		w.ArrayBegin()
		w.Item()
		w.Int(-1)
		w.Item()
		w.Uint(math.MaxUint64)
		w.ArrayEnd()
		w.ObjectEnd()
	}
	w.ArrayEnd()
	w.Member("numbers")
	w.ArrayBegin()
	for _, number := range []float64{1.5, math.NaN(), math.Inf(1), math.Inf(-1)} {
		w.Item()
		w.Float(number)
	}
	w.Item()
	w.Bool(true)
	w.Item()
	w.Null()
	w.ArrayEnd()
	w.Member("raw")
	w.Raw([]byte(`{"a":1}`))
	w.Member("empty")
	w.ObjectBegin()
	w.ObjectEnd()
	w.End()
	want := `{"input":[{"te\"xt":"a","list":[-1,18446744073709551615]},{"te\"xt":"[","list":[-1,18446744073709551615]},` +
		`{"te\"xt":"{","list":[-1,18446744073709551615]}],"numbers":[1.5,NaN,Infinity,-Infinity,true,null],"raw":{"a":1},"empty":{}}`
	if text := w.String(); text != want || w.View() != want || string(w.Bytes()) != want {
		t.Error(text)
	}
	w.Reset()
	w.Begin()
	w.End()
	if w.String() != `{}` {
		t.Error(w.String())
	}
}

func TestMembersShareABudgetAndEachHasTheLeast(t *testing.T) {
	w := Get()
	defer w.Put()
	text := strings.Repeat("x", CoreBounds.Bytes+1000)
	w.Begin()
	for at := range 12 {
		w.Member(string(rune('a' + at)))
		w.Value([]string{text, "no room"})
	}
	w.End()
	var read map[string][]string
	if err := json.Unmarshal(w.Bytes(), &read); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{
		"a": CoreBounds.Bytes, "b": CoreBounds.BytesTogether - CoreBounds.Bytes, "c": CoreBounds.BytesLeast, "l": CoreBounds.BytesLeast,
	} {
		items := read[name]
		if len(items) != 2 || !strings.HasSuffix(items[0], cut) || items[1] != CoreStandIns.TooMany {
			t.Fatalf("%s: %d items", name, len(items))
		}
		if length := len(items[0]); length < want-100 || length > want+100 {
			t.Errorf("%s: %d instead of %d", name, length, want)
		}
	}
	// The core takes no more.
	if len(w.Bytes()) > 8<<20 {
		t.Error(len(w.Bytes()))
	}
}

func TestAListByHandEndsWithItsBudget(t *testing.T) {
	w := Get()
	defer w.Put()
	count := 0
	w.ArrayBegin()
	for w.Item() {
		w.Text("an item")
		count++
	}
	w.ArrayEnd()
	if text := w.String(); !strings.HasSuffix(text, `,"an item","[too many values]"]`) || !json.Valid(w.Bytes()) || count > CoreBounds.Bytes/10 {
		t.Error(count, text[len(text)-50:])
	}
}

func TestAContainerWithoutRoomIsNotWalked(t *testing.T) {
	w := Get()
	defer w.Put()
	w.ObjectBegin()
	w.Key("a")
	w.Text(strings.Repeat("x", CoreBounds.Bytes+1000))
	w.Key("b")
	w.Value([]int{1})
	w.ObjectEnd()
	if text := w.String(); !strings.HasSuffix(text, `x[cut]","b":"[too many values]"}`) {
		t.Error(text[len(text)-50:])
	}
}

func TestRawJSONWithoutRoomIsAText(t *testing.T) {
	w := Get()
	defer w.Put()
	w.Raw([]byte(`["` + strings.Repeat("x", CoreBounds.Bytes+1000) + `"]`))
	if text := w.String(); !strings.HasPrefix(text, `"[\"xxx`) || !strings.HasSuffix(text, `x[cut]"`) {
		t.Error(text[:20])
	}
}

func TestNothingLargeIsKept(t *testing.T) {
	for range 100 {
		w := Get()
		if cap(w.out) > mostKept || len(w.out) != 0 || w.depth != 0 {
			t.Fatal(cap(w.out))
		}
		w.Value(strings.Repeat("x", 1<<20))
		w.Put()
		w = Get()
		w.Value([]any{map[string]any{"a": []any{1}}})
		w.Put()
		for _, place := range w.open[:cap(w.open)] {
			if place.at != nil {
				t.Fatal("a value is kept in memory")
			}
		}
	}
}

func TestFrequentValuesAllocateNothing(t *testing.T) {
	w := Get()
	defer w.Put()
	for name, value := range map[string]any{
		"text":    strings.Repeat("a text\n", 100),
		"numbers": []any{1, 1.5, uint8(3), true, nil, int64(1 << 60)},
		"maps":    []map[string]any{{"role": "user", "content": "Why?"}},
		"labels":  map[string]string{"a": "b"},
		"named":   object{"a": labels{"b": "c"}},
		"structs": []message{{"user", "Why?", 3}},
		"pointer": &message{"user", "Why?", 3},
		"floats":  []float32{0.1, 0.2},
	} {
		count := testing.AllocsPerRun(200, func() {
			w.Reset()
			w.Value(value)
		})
		if count != 0 {
			t.Error(name, count)
		}
	}
}
