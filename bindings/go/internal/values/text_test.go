// Texts: escapes, what is not UTF-8, cutting, and how long it takes.

package values

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

// pieces are what texts are made of: each is seen by another part of the code.
var pieces = []string{
	"a", "plain text ", "12345678", `"`, `\`, "\n", "\t", "\r", "\x00", "\x1f", "\x7f", " ", "<&>", "é", "漢字", "😀",
	"\u2028", "\xff", "\x80", "\xc3", "\xe6\xbc", "\xf0\x9f\x98", "\xed\xa0\x80", "\xc0\xaf", "!", "[", "]", "#",
}

func randomText(random *rand.Rand, most int) string {
	var text strings.Builder
	for range random.IntN(most + 1) {
		text.WriteString(pieces[random.IntN(len(pieces))])
	}
	return text.String()
}

func TestATextIsReadAsWhatItWas(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 5_000 {
		text := randomText(random, 30)
		out := AppendText([]byte("before"), text)
		var read string
		if err := json.Unmarshal(out[len("before"):], &read); err != nil {
			t.Fatalf("%q: %v", out, err)
		}
		if want := string([]rune(text)); read != want || !utf8.Valid(out) {
			t.Fatalf("%q is read as %q from %q", want, read, out)
		}
	}
	for char := range 256 {
		for at := range 17 {
			text := strings.Repeat("x", at) + string([]byte{byte(char)}) + strings.Repeat("y", 16-at)
			var read string
			if err := json.Unmarshal(AppendText(nil, text), &read); err != nil || read != string([]rune(text)) {
				t.Fatalf("%q: %q, %v", text, read, err)
			}
		}
	}
}

func FuzzAppendText(f *testing.F) {
	for _, piece := range pieces {
		f.Add(strings.Repeat(piece, 9))
	}
	f.Fuzz(func(t *testing.T, text string) {
		var read string
		out := AppendText(nil, text)
		if err := json.Unmarshal(out, &read); err != nil || read != string([]rune(text)) || !utf8.Valid(out) {
			t.Fatalf("%q: %q, %v", text, out, err)
		}
	})
}

func TestATextWithoutRoomIsCutAtACharacter(t *testing.T) {
	for _, piece := range []string{"a", "é", "漢", "😀", "a漢\"\x00", "\xff", "\x80"} {
		count := CoreBounds.Bytes/len(piece) + 1000
		out := written(strings.Repeat(piece, count))
		var read string
		if err := json.Unmarshal([]byte(out), &read); err != nil {
			t.Fatal(err)
		}
		kept, cutOff := strings.CutSuffix(read, cut)
		if !cutOff || !strings.HasPrefix(strings.Repeat(string([]rune(piece)), count), kept) {
			t.Errorf("%q: %d characters, %.20q", piece, len(kept), read)
		}
		if len(out) < CoreBounds.Bytes || len(out) > CoreBounds.Bytes+step*widest+10 {
			t.Errorf("%q: %d bytes", piece, len(out))
		}
	}
}

func TestBytesWithoutRoomAreCut(t *testing.T) {
	for _, piece := range []string{"漢", "\xff"} {
		out := written([]byte(strings.Repeat(piece, CoreBounds.Bytes)))
		if !strings.HasSuffix(out, `[cut]"`) || !json.Valid([]byte(out)) || len(out) > CoreBounds.Bytes+step*widest+10 {
			t.Errorf("%q: %d", piece, len(out))
		}
	}
	// UTF-8 up to where it is looked at, whatever comes after it.
	out := written([]byte(strings.Repeat("é", CoreBounds.Bytes) + "\xff"))
	if !strings.HasPrefix(out, `"éé`) {
		t.Errorf("%.20s", out)
	}
}

var words = strings.Repeat("A span is one step of an application, of one of seven kinds. ", 17)

func benchmarkText(b *testing.B, text string) {
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	var out []byte
	for b.Loop() {
		out = AppendText(out[:0], text)
	}
}

func BenchmarkText(b *testing.B) {
	for name, text := range map[string]string{
		"1KB":     words[:1024],
		"lines":   strings.ReplaceAll(words[:1024], ". ", ".\n"),
		"quoted":  strings.ReplaceAll(words[:1024], " ", `"`),
		"other":   strings.Repeat("Пролёт - это один шаг. ", 40)[:1024],
		"invalid": strings.Repeat("Пролёт - это один шаг. ", 40)[:1023] + "\xff",
		"short":   "gpt-4o-mini",
	} {
		b.Run(name, func(b *testing.B) { benchmarkText(b, text) })
	}
}

func BenchmarkTextByEncodingJSON(b *testing.B) {
	text := words[:1024]
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		_, _ = json.Marshal(text)
	}
}

func benchmarkValue(b *testing.B, value any) {
	b.ReportAllocs()
	for b.Loop() {
		w := Get()
		w.Begin()
		w.Member("input")
		w.Value(value)
		w.End()
		w.Put()
	}
}

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
	Tokens  int    `json:"tokens,omitempty"`
}

func BenchmarkMessages(b *testing.B) {
	system, user := "You answer briefly.", words[:256]
	for name, value := range map[string]any{
		"map[string]any":    []map[string]any{{"role": "system", "content": system}, {"role": "user", "content": user, "tokens": 77}},
		"map[string]string": []map[string]string{{"role": "system", "content": system}, {"role": "user", "content": user}},
		"[]any":             []any{map[string]any{"role": "system", "content": system}, map[string]any{"role": "user", "content": user}},
		"struct":            []message{{Role: "system", Content: system}, {"user", user, 77}},
	} {
		b.Run(name, func(b *testing.B) { benchmarkValue(b, value) })
		b.Run(name+" by encoding/json", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				_, _ = json.Marshal(value)
			}
		})
	}
}
