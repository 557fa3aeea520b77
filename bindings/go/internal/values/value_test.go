// Each rule of the form of a value.

package values

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/big"
	"net/http"
	"net/netip"
	"net/url"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"
)

func written(value any) string {
	w := Get()
	defer w.Put()
	w.Value(value)
	return w.String()
}

func expect(t *testing.T, want string, value any) {
	t.Helper()
	if text := written(value); text != want {
		t.Errorf("%T: %.300s instead of %.300s", value, text, want)
	}
}

type (
	named   string
	blob    []byte
	object  map[string]any
	labels  map[string]string
	hidden  struct{ a, b int }
	nothing struct {
		Out int `json:"-"`
	}
	inner struct {
		A int
		B string `json:"b,omitempty"`
	}
	outer struct {
		inner
		*node  `json:"node"`
		C      float32 `json:",string"`
		D      *int    `json:"d,string"`
		E      named   `json:",string"`
		hidden int
		F      any `json:"<f>"`
	}
	both struct{ Code int }
)

func (both) Error() string                  { return "both" }
func (b both) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, `{"code": %d}`, b.Code), nil }

func TestOrdinaryValuesAreAsInEncodingJSON(t *testing.T) {
	seven := 7
	for want, value := range map[string]any{
		`null`: nil, `true`: true, `"a\"b\\c\n\u0001"`: "a\"b\\c\n\x01", `[-1,2,-3,4,5,6]`: []any{int16(-1), int32(2), int64(-3), uint(4), uint16(5), uint32(6)}, `-5`: int8(-5), `200`: uint8(200),
		`1.5`: 1.5, `0.1`: float32(0.1), `1e+30`: 1e30, "\"<é\u2028>\"": "<é\u2028>",
		`"x"`:                      named("x"),
		`7`:                        &seven,
		`[1,2]`:                    [2]int{1, 2},
		`[]`:                       []string{},
		`{}`:                       map[string]any{},
		`{"1":2}`:                  map[int8]int{1: 2},
		`{"a":{"b":["c"]}}`:        map[string]map[string][]string{"a": {"b": {"c"}}},
		`{"k":["v"]}`:              http.Header{"k": {"v"}},
		`{"o":{"l":"v"}}`:          object{"o": labels{"l": "v"}},
		`[{"role":"user"}]`:        []map[string]string{{"role": "user"}},
		`[{"role":1},null]`:        []map[string]any{{"role": 1}, nil},
		`"2024-05-06T07:08:09.5Z"`: time.Date(2024, 5, 6, 7, 8, 9, 5e8, time.UTC),
		`1000000000`:               time.Second,
		`"192.0.2.1"`:              netip.MustParseAddr("192.0.2.1"),
		`{"192.0.2.1":true}`:       map[netip.Addr]bool{netip.MustParseAddr("192.0.2.1"): true},
		`{"A":1,"node":null,"C":"0.5","d":"7","E":"\"e\"","<f>":[true]}`: outer{inner: inner{A: 1}, C: 0.5, D: &seven, E: "e", F: []bool{true}},
		`{"code": 3}`:               both{3},
		`[12345678901234567890123]`: []*big.Int{bigInt("12345678901234567890123")},
		`"own p"`:                   &jsonOnPointer{"p"},
		`["own s"]`:                 []jsonOnPointer{{"s"}},
		`[{"Name":"v"}]`:            []any{jsonOnPointer{"v"}},
		`{"k":{"Name":"m"}}`:        map[string]jsonOnPointer{"k": {"m"}},
	} {
		expect(t, want, value)
	}
}

func TestOtherKindsOfNilAreNull(t *testing.T) {
	expect(t, `[null,null,null,null,null]`, []any{[]byte(nil), (*big.Int)(nil), json.RawMessage(nil), map[string]any(nil), []string(nil)})
	expect(t, `[null,null]`, []func(){nil, nil})
}

func TestAKeyIsAskedForItsText(t *testing.T) {
	expect(t, `{"boom":1}`, map[error]int{errors.New("boom"): 1})
	expect(t, `{"":1}`, map[*big.Int]int{nil: 1})
	expect(t, `{"5":1}`, map[*big.Int]int{big.NewInt(5): 1})
}

func TestALongNameOfATypeIsCut(t *testing.T) {
	var channel chan struct {
		AVeryLongName, AnotherVeryLongName, YetAnotherVeryLongName, TheLastOfTheVeryLongNames, AndOneMore map[string]map[string]int
	}
	expect(t, `null`, channel)
	if text := written(append([]any{}, reflect.MakeChan(reflect.TypeOf(channel), 0).Interface())); len(text) != mostOfAName+6 {
		t.Error(len(text), text)
	}
}

// secret has a form of its own, but as an embedded struct that is not exported it cannot be asked.
type secret struct{ Name string }

func (s *secret) MarshalJSON() ([]byte, error) { return []byte(`"asked"`), nil }

func TestWhatCannotBeAskedIsReadByItsFields(t *testing.T) {
	// Two methods of one name: the struct around them has none.
	type around struct {
		secret `json:"tagged"`
		jsonOnPointer
	}
	expect(t, `{"tagged":{"Name":"x"},"Name":"y"}`, &around{secret{"x"}, jsonOnPointer{"y"}})
}

func bigInt(digits string) *big.Int {
	number, _ := new(big.Int).SetString(digits, 10)
	return number
}

func TestWhatEncodingJSONRefusesOrHidesHasAForm(t *testing.T) {
	for want, value := range map[string]any{
		`[NaN,Infinity,-Infinity]`: []float64{math.NaN(), math.Inf(1), math.Inf(-1)},
		`[-Infinity]`:              []float32{float32(math.Inf(-1))},
		`{"N":"NaN"}`: struct {
			N float64 `json:",string"`
		}{math.NaN()},
		`["(1+2i)","(0+1i)"]`:              []any{1 + 2i, complex64(1i)},
		`"[chan int]"`:                     make(chan int),
		`"[func(string) error]"`:           func(string) error { return nil },
		`"[sync.Mutex]"`:                   &sync.Mutex{},
		`"[values.hidden]"`:                hidden{1, 2},
		`{"a":{}}`:                         map[string]any{"a": nothing{1}},
		`"text é"`:                         []byte("text é"),
		`"/wA="`:                           []byte{0xff, 0},
		`["named",""]`:                     []blob{blob("named"), {}},
		`12345678901234567890.50`:          json.RawMessage("12345678901234567890.50"),
		`{"a": [1, 2]}`:                    json.RawMessage(`{"a": [1, 2]}`),
		`["{\"a\":","",null]`:              []json.RawMessage{json.RawMessage(`{"a":`), {}, nil},
		`[1.50,"1x","","- 1"]`:             []json.Number{"1.50", "1x", "", "- 1"},
		`["x","f: x","x\ny"]`:              []error{errors.New("x"), fmt.Errorf("f: %w", errors.New("x")), errors.Join(errors.New("x"), errors.New("y"))},
		`{"E":"x"}`:                        struct{ E error }{errors.New("x")},
		`["Get \"u\": x"]`:                 []any{&url.Error{Op: "Get", URL: "u", Err: errors.New("x")}},
		`{"true":1}`:                       map[bool]int{true: 1},
		`{"1.5":1}`:                        map[any]any{1.5: 1},
		`{"[1 2]":1}`:                      map[[2]int]int{{1, 2}: 1},
		`{"<nil>":1}`:                      map[any]int{nil: 1},
		`18446744073709551616`:             *bigInt("18446744073709551616"),
		`"10001-01-01 00:00:00 +0000 UTC"`: time.Date(10_001, 1, 1, 0, 0, 0, 0, time.UTC),
	} {
		expect(t, want, value)
	}
}

func TestCyclesEndWhereTheyClose(t *testing.T) {
	list := []any{1, nil}
	list[1] = map[string]any{"list": list}
	expect(t, `[1,{"list":"[cyclic reference]"}]`, list)
	// The same twice is no cycle, nor is a part of the list around it.
	shared := map[string]any{"a": 1}
	expect(t, `[{"a":1},{"a":1}]`, []any{shared, shared})
	parts := []any{1, nil}
	parts[1] = parts[:1]
	expect(t, `[1,[1]]`, parts)
	// A struct and its first field have one address.
	type first struct{ N int }
	type whole struct {
		First first
		Back  *first
	}
	value := &whole{First: first{1}}
	value.Back = &value.First
	expect(t, `{"First":{"N":1},"Back":{"N":1}}`, value)
	var pointer selfPointer
	pointer = &pointer
	expect(t, `"[cyclic reference]"`, pointer)
	expect(t, `[[],[]]`, [][]int{{}, {}})
}

func TestNestingIsWalkedToTheBound(t *testing.T) {
	most := CoreBounds.Depth
	text := written(deep(most))
	if !strings.Contains(text, `"bottom"`) {
		t.Error(text)
	}
	text = written(deep(most + 1))
	if strings.Contains(text, `"bottom"`) || !strings.Contains(text, `[]`) {
		t.Error(text)
	}
	list := &node{Name: "last"}
	for range most - 1 {
		list = &node{"n", list}
	}
	if text := written(list); !strings.Contains(text, `"last"`) {
		t.Error(text)
	}
	if text := written(&node{"n", list}); strings.Contains(text, `"last"`) || !strings.Contains(text, `"Next":[]`) {
		t.Error(text)
	}
}

func TestTooManyValuesAreSaidWhereTheyEnd(t *testing.T) {
	text := written(make([]struct{}, 3_000_000))
	if !strings.HasPrefix(text, "[{},{},") || !strings.HasSuffix(text, `{},"[too many values]"]`) {
		t.Errorf("%.20s", text)
	}
	text = written(manyKeys(300_000))
	if !strings.HasSuffix(text, `,"[too many values]":true}`) {
		t.Error(text[len(text)-50:])
	}
	numbered := map[int]string{}
	for at := range 100_000 {
		numbered[at] = strings.Repeat("v", 60)
	}
	text = written(numbered)
	if !strings.HasSuffix(text, `v","[too many values]":true}`) {
		t.Error(text[len(text)-50:])
	}
	text = written(unfolding())
	if !strings.HasSuffix(text, `,"[too many values]"]`) || len(text) > CoreBounds.Bytes+1000 {
		t.Error(len(text))
	}
	type pair struct{ A, B string }
	half := strings.Repeat("a", CoreBounds.Bytes+1000)
	text = written(pair{half, half})
	if !strings.HasSuffix(text, `[cut]","[too many values]":true}`) {
		t.Error(text[len(text)-50:])
	}
	// A value whose own code runs counts as many.
	text = written(make([]jsonOnPointer, 100_000))
	if count := strings.Count(text, "own"); count > CoreBounds.Values/cost || count < CoreBounds.Values/cost-1000 {
		t.Error(count)
	}
}
