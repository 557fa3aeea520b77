// Ordinary values are what encoding/json makes of them: random types and values, and its rules for structs.

package values

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"
	"time"
)

// read gives JSON as values that compare, with all digits of numbers.
func read(t *testing.T, text []byte) any {
	t.Helper()
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%v: %.500s", err, text)
	}
	return value
}

func same(t *testing.T, value any) {
	t.Helper()
	want, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	// Inside a quoted text encoding/json escapes this character once more.
	want = bytes.ReplaceAll(want, []byte(`\\ufffd`), []byte("\uFFFD"))
	got := written(value)
	if !reflect.DeepEqual(read(t, []byte(got)), read(t, want)) {
		t.Fatalf("%T:\n%s\ninstead of\n%s", value, got, want)
	}
}

type onValue struct{ n int }

func (o onValue) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "text %d", o.n), nil }

type onPointer int

func (o *onPointer) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "text %d", *o), nil }

type zeroOnPointer struct{ N int }

func (z *zeroOnPointer) IsZero() bool { return z.N == 1 }

type zeroIsOne int

func (z zeroIsOne) IsZero() bool { return z == 1 }

var basic = []reflect.Type{
	reflect.TypeFor[bool](), reflect.TypeFor[int](), reflect.TypeFor[int8](), reflect.TypeFor[uint16](), reflect.TypeFor[uint64](),
	reflect.TypeFor[float32](), reflect.TypeFor[float64](), reflect.TypeFor[string](), reflect.TypeFor[named](), reflect.TypeFor[any](),
	reflect.TypeFor[time.Duration](), reflect.TypeFor[onValue](), reflect.TypeFor[onPointer](), reflect.TypeFor[zeroIsOne](),
	reflect.TypeFor[jsonOnPointer](), reflect.TypeFor[zeroOnPointer](), reflect.TypeFor[both](), reflect.TypeFor[object](), reflect.TypeFor[labels](),
}

var keys = []reflect.Type{reflect.TypeFor[string](), reflect.TypeFor[named](), reflect.TypeFor[int16](), reflect.TypeFor[uint](), reflect.TypeFor[onValue]()}

var tags = []reflect.StructTag{
	"", `json:"-"`, `json:"-,"`, `json:",omitempty"`, `json:",omitzero"`, `json:",string"`, `json:"other name"`,
	`json:"bad\"name"`, `json:"same"`, `json:"é,omitempty,string"`, `json:"n,omitzero,omitempty"`,
}

func randomType(random *rand.Rand, levels int) reflect.Type {
	if levels == 0 {
		return basic[random.IntN(len(basic))]
	}
	switch random.IntN(7) {
	case 0:
		return reflect.SliceOf(randomType(random, levels-1))
	case 1:
		return reflect.ArrayOf(random.IntN(3), randomType(random, levels-1))
	case 2:
		return reflect.MapOf(keys[random.IntN(len(keys))], randomType(random, levels-1))
	case 3:
		return reflect.PointerTo(randomType(random, levels-1))
	case 4, 5:
		// One field at least: a struct that shows nothing has another form here.
		fields := []reflect.StructField{{Name: "First", Type: reflect.TypeFor[int]()}}
		for at := range random.IntN(5) {
			fields = append(fields, reflect.StructField{
				Name: fmt.Sprintf("F%d", at), Type: randomType(random, levels-1), Tag: tags[random.IntN(len(tags))],
			})
		}
		return reflect.StructOf(fields)
	}
	return basic[random.IntN(len(basic))]
}

// fill sets a value. Texts hold nothing that encoding/json escapes for HTML, which shows where they are quoted.
func fill(random *rand.Rand, value reflect.Value, levels int) {
	if random.IntN(5) == 0 {
		return
	}
	switch kind := value.Kind(); kind {
	case reflect.Bool:
		value.SetBool(true)
	case reflect.String:
		value.SetString([]string{"", "a", "\"\\\n", "é漢😀", "\xff", "plain text"}[random.IntN(6)])
	case reflect.Float32, reflect.Float64:
		number := math.Float64frombits(random.Uint64())
		if value.SetFloat(number); value.Float() != value.Float() || math.IsInf(value.Float(), 0) {
			value.SetFloat(float64(random.IntN(1000)) / 8)
		}
	case reflect.Interface:
		if levels > 0 {
			inner := reflect.New(randomType(random, levels-1)).Elem()
			fill(random, inner, levels-1)
			value.Set(inner)
		}
	case reflect.Slice:
		value.Set(reflect.MakeSlice(value.Type(), random.IntN(4), 4))
		fallthrough
	case reflect.Array:
		for at := range value.Len() {
			fill(random, value.Index(at), levels-1)
		}
	case reflect.Map:
		value.Set(reflect.MakeMap(value.Type()))
		for range random.IntN(4) {
			key, member := reflect.New(value.Type().Key()).Elem(), reflect.New(value.Type().Elem()).Elem()
			fill(random, key, levels-1)
			fill(random, member, levels-1)
			value.SetMapIndex(key, member)
		}
	case reflect.Pointer:
		value.Set(reflect.New(value.Type().Elem()))
		fill(random, value.Elem(), levels-1)
	case reflect.Struct:
		for at := range value.NumField() {
			if value.Type().Field(at).IsExported() {
				fill(random, value.Field(at), levels-1)
			}
		}
	default:
		if value.CanInt() {
			value.SetInt(int64(random.Uint64()) >> random.IntN(64))
		} else {
			value.SetUint(random.Uint64() >> random.IntN(64))
		}
	}
}

func TestRandomValuesAreAsInEncodingJSON(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	for range 2000 {
		pointer := reflect.New(randomType(random, 4))
		fill(random, pointer.Elem(), 5)
		same(t, pointer.Interface())
		same(t, pointer.Elem().Interface())
	}
}

type (
	Left   struct{ A, Same, L int }
	Right  struct{ A, Same, R int }
	Tagged struct {
		X int `json:"Same"`
		A string
	}
	low struct{ Low, A int }
	Num int
	num int
	// Ring embeds a pointer to itself.
	Ring struct {
		*Ring
		N int
	}
	DeepL struct{ Left }
	DeepR struct{ Left }
	Timed struct {
		time.Time
		Extra int
	}
)

func TestFloatsAreAsInEncodingJSON(t *testing.T) {
	for _, number := range []float64{0, math.Copysign(0, -1), 1e-6, 9.9e-7, 1e-7, 1e-10, 1e20, 1e21, 1e22, 1e100, 5e-324, math.MaxFloat64} {
		for _, value := range []any{number, -number, float32(math.Min(number, math.MaxFloat32)), struct {
			F float64 `json:",string"`
		}{number}} {
			want, _ := json.Marshal(value)
			expect(t, string(want), value)
		}
	}
}

func TestFieldsAreVisibleAsInEncodingJSON(t *testing.T) {
	for _, value := range []any{
		struct {
			Left
			Right
		}{},
		struct {
			Left
			Right
			Tagged
		}{},
		struct {
			Left
			Tagged
			Same int
		}{},
		struct {
			*Left
			*Right
		}{Right: &Right{1, 2, 3}},
		struct {
			low
			*num
			Num
		}{low{1, 2}, nil, 3},
		struct {
			low `json:"named"`
			B   int
		}{low{1, 2}, 3},
		struct {
			*low
			B int
		}{&low{1, 2}, 3},
		struct {
			Left `json:"left,omitempty"`
			B    int
		}{},
		struct {
			DeepL
			DeepR
			B int
		}{},
		struct {
			Left
			DeepL
		}{},
		Ring{N: 1, Ring: &Ring{N: 2}},
		Timed{time.Unix(0, 0).UTC(), 1},
		struct {
			A int `json:"a" xml:"b"`
			C int `json:"A"`
			D any `json:"d,omitempty"`
			E *int
			F [0]int          `json:",omitempty"`
			G struct{}        `json:",omitempty"`
			H struct{ N int } `json:",omitzero"`
			I **int           `json:",string"`
			J []int           `json:",string"`
			K time.Time       `json:",omitzero"`
			L *time.Time      `json:",omitzero"`
			M fmt.Stringer
			N json.Number `json:",string"`
			O uintptr     `json:",string"`
		}{N: "1"},
		struct {
			P zeroIsOne                  `json:",omitzero"`
			Q zeroOnPointer              `json:",omitzero"`
			R *zeroIsOne                 `json:",omitzero"`
			S interface{ IsZero() bool } `json:",omitzero"`
			T zeroOnPointer              `json:",omitzero"`
		}{P: 1, Q: zeroOnPointer{1}, S: (*zeroIsOne)(nil)},
	} {
		same(t, value)
		// Behind a pointer the fields can be addressed.
		pointer := reflect.New(reflect.TypeOf(value))
		pointer.Elem().Set(reflect.ValueOf(value))
		same(t, pointer.Interface())
	}
}

func TestTypesBecomeKnownInManyGoroutines(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	var values []any
	for range 50 {
		pointer := reflect.New(randomType(random, 4))
		fill(random, pointer.Elem(), 5)
		values = append(values, pointer.Interface())
	}
	plans.Clear()
	var all sync.WaitGroup
	for range 8 {
		all.Add(1)
		go func() {
			defer all.Done()
			for _, value := range values {
				same(t, value)
			}
			expect(t, `{"Name":"a","Next":{"Name":"b","Next":"[cyclic reference]"}}`, ring())
		}()
	}
	all.Wait()
}
