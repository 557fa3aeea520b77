// What the core says, and what it takes.

package values

import (
	"encoding/json"
	"math"
	"math/big"
	"strings"
	"testing"

	"github.com/witspan/witspan-go/internal/core"
)

// still is a host whose clock stands still.
type still struct{ drawn uint64 }

func (*still) Monotonic() uint64 { return 0 }
func (*still) Wall() uint64      { return 1_700_000_000_000_000_000 }
func (s *still) Random() uint64 {
	s.drawn++
	return s.drawn * 0x9E3779B97F4A7C15
}

func TestBoundsAndStandInsAreTheCores(t *testing.T) {
	instance := core.New(&still{})
	defer instance.Close()
	text, err := instance.Names()
	if err != nil {
		t.Fatal(err)
	}
	var names struct {
		Bounds struct {
			Depth         int `json:"walk_depth"`
			Values        int `json:"walk_values"`
			Bytes         int `json:"walk_bytes"`
			BytesTogether int `json:"walk_bytes_together"`
			BytesLeast    int `json:"walk_bytes_least"`
		}
		StandIns struct {
			Cyclic            string
			TooMany           string `json:"too_many"`
			Unserializable    string
			UnserializableKey string `json:"unserializable_key"`
			TooLarge          string `json:"too_large"`
		} `json:"stand_ins"`
	}
	if err := json.Unmarshal([]byte(text), &names); err != nil {
		t.Fatal(err)
	}
	if Bounds(names.Bounds) != CoreBounds {
		t.Errorf("%+v", names.Bounds)
	}
	if StandIns(names.StandIns) != CoreStandIns {
		t.Errorf("%+v", names.StandIns)
	}
}

// accepted gives a value to the core as metadata, and returns the body that the core sends.
func accepted(t *testing.T, name string, value any) string {
	t.Helper()
	instance := core.New(&still{})
	defer instance.Close()
	span, err := instance.StartSpan(core.SpanKindTask, core.Parent{}, core.Option[string]{}, core.Option[[]core.SpanOption]{}, core.Option[uint64]{})
	if err != nil {
		t.Fatal(err)
	}
	w := Get()
	defer w.Put()
	w.Begin()
	w.Member("input")
	w.Value(value)
	w.Member("metadata")
	w.ObjectBegin()
	w.Key("value")
	w.Value(value)
	w.ObjectEnd()
	w.End()
	if _, err := instance.Annotate(span, w.View()); err != nil {
		t.Errorf("%s: %v: %.200s", name, err, w.View())
	}
	if _, err := instance.Finish(span, core.Option[core.Failure]{}, core.Option[uint64]{}, core.Option[uint64]{}); err != nil {
		t.Errorf("%s: %v", name, err)
	}
	action, err := instance.Poll(core.PollModeEverything)
	if err != nil || action.Tag != core.ActionSend {
		t.Fatal(name, err, action.Tag)
	}
	return string(action.Request.Body)
}

func TestTheCoreTakesWhateverIsWritten(t *testing.T) {
	if testing.Short() {
		t.Skip("one goroutine alone, and minutes under the race detector")
	}
	for name, value := range hostile() {
		accepted(t, name, value)
	}
}

func TestTheCoreKeepsNumbersOfGoAsTheyAre(t *testing.T) {
	for want, value := range map[string]any{
		`"value":1152921504606847000`:     float64(1 << 60),
		`"value":"1152921504606846977"`:   int64(1<<60 + 1),
		`"value":100000000000000000000`:   1e20,
		`"value":1e+21`:                   1e21,
		`"value":0.1`:                     float32(0.1),
		`"value":"NaN"`:                   math.NaN(),
		`"value":"-Infinity"`:             math.Inf(-1),
		`"value":"18446744073709551615"`:  uint64(math.MaxUint64),
		`"value":"123456789012345678901"`: json.RawMessage("123456789012345678901"),
		`"value":"100000000000000000001"`: new(big.Int).Add(big.NewInt(1), new(big.Int).Exp(big.NewInt(10), big.NewInt(20), nil)),
	} {
		if body := accepted(t, want, value); !strings.Contains(body, want) {
			t.Errorf("%s is not in %s", want, body)
		}
	}
}
