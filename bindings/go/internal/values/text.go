// A text as a JSON string: eight bytes at a time while there is nothing to escape.

package values

import (
	"encoding/base64"
	"encoding/binary"
	"math/bits"
	"slices"
	"unicode/utf8"
	"unsafe"
)

const (
	// cut ends a text that is not written to its end. The core cuts it before this.
	cut = "[cut]"
	// step is the number of bytes of a text that are written without a look at the room that is left.
	step = 64
	// widest is the number of bytes that one byte takes at most, as in `\u0000`.
	widest = 6
)

// Each byte of a word.
const (
	ones  = 0x0101010101010101
	tops  = 0x80 * ones
	space = ' ' * ones
	quote = '"' * ones
	slash = '\\' * ones
	// blank is a word of spaces with room for one byte.
	blank = space &^ 0xff
)

// AppendText appends the text as a JSON string. Each byte that is not UTF-8 becomes U+FFFD, as in
// string([]rune(text)). What JSON allows as it is stays as it is, also "<" and U+2028.
func AppendText(dst []byte, text string) []byte {
	dst = append(slices.Grow(dst, len(text)+2), '"')
	return append(appendEscaped(dst, text), '"')
}

func appendEscaped(dst []byte, text string) []byte {
	// From the first byte beyond ASCII on it is known whether all the rest is UTF-8; then such bytes need no look.
	other := uint64(tops)
	bytes := bytesOf(text)
	from := 0
	for at := next(bytes, 0, other); at < len(bytes); at = next(bytes, at, other) {
		char := bytes[at]
		if char < utf8.RuneSelf {
			dst = appendEscape(append(dst, bytes[from:at]...), char)
			at++
			from = at
		} else if utf8.Valid(bytes[at:]) {
			other = 0
		} else {
			return appendRepaired(append(dst, bytes[from:at]...), text[at:])
		}
	}
	return append(dst, bytes[from:]...)
}

// next gives the place of the next byte that cannot stay as it is, from `at` on, or the end.
func next(bytes []byte, at int, other uint64) int {
	for len(bytes)-at >= 16 {
		two := bytes[at : at+16]
		if marks(binary.LittleEndian.Uint64(two), other)|marks(binary.LittleEndian.Uint64(two[8:]), other) != 0 {
			break
		}
		at += 16
	}
	for len(bytes)-at >= 8 {
		if found := marks(binary.LittleEndian.Uint64(bytes[at:]), other); found != 0 {
			// Only the lowest mark is exact: a borrow may mark bytes above it.
			return at + bits.TrailingZeros64(found)/8
		}
		at += 8
	}
	for at < len(bytes) && marks(blank|uint64(bytes[at]), other) == 0 {
		at++
	}
	return at
}

// marks marks the bytes of a word that are to be escaped, and those beyond ASCII where `other` has marks.
func marks(word, other uint64) uint64 {
	return ((word-space)|((word^quote)-ones)|((word^slash)-ones))&^word&tops | word&other
}

// appendRepaired goes character by character.
func appendRepaired(dst []byte, text string) []byte {
	for _, char := range text {
		if char < utf8.RuneSelf {
			dst = appendEscape(dst, byte(char))
		} else {
			dst = utf8.AppendRune(dst, char)
		}
	}
	return dst
}

func appendEscape(dst []byte, char byte) []byte {
	switch {
	case char == '"' || char == '\\':
		return append(dst, '\\', char)
	case char >= ' ':
		return append(dst, char)
	case char == '\n':
		return append(dst, `\n`...)
	case char == '\t':
		return append(dst, `\t`...)
	case char == '\r':
		return append(dst, `\r`...)
	}
	const digits = "0123456789abcdef"
	return append(dst, '\\', 'u', '0', '0', digits[char>>4], digits[char&15])
}

// text writes a text, and cuts it where there is no room for it.
func (w *Writer) text(text string) {
	if len(text) <= step || len(text) <= w.room()/widest {
		w.out = AppendText(w.out, text)
		return
	}
	w.out = append(slices.Grow(w.out, min(len(text), w.room())+step), '"')
	for text != "" {
		room := w.room()
		if room <= 0 {
			w.out = append(w.out, cut...)
			break
		}
		end := len(text)
		if most := max(step, room/widest); most < end {
			end = boundary(text, most)
		}
		w.out = appendEscaped(w.out, text[:end])
		text = text[end:]
	}
	w.out = append(w.out, '"')
}

// boundary is the last place up to `at`, inside the text, that is not in the middle of a character.
func boundary(text string, at int) int {
	for back := at; back > 0 && back > at-utf8.UTFMax; back-- {
		if utf8.RuneStart(text[back]) {
			return back
		}
	}
	return at
}

// bytes writes bytes as text if they are UTF-8, else as encoding/json does.
func (w *Writer) bytes(given []byte) {
	if given == nil {
		w.null()
		return
	}
	room := max(w.room(), step)
	text := textOf(given)
	// Only so many of them are looked at: there may be any number.
	begin := text
	if len(text) > room {
		begin = text[:boundary(text, room)]
	}
	if utf8.ValidString(begin) {
		w.text(text)
		return
	}
	w.out = append(w.out, '"')
	// Whole groups of three bytes, which have no padding.
	if most := room / 4 * 3; len(given) > most {
		w.out = base64.StdEncoding.AppendEncode(w.out, given[:most])
		w.out = append(w.out, cut...)
	} else {
		w.out = base64.StdEncoding.AppendEncode(w.out, given)
	}
	w.out = append(w.out, '"')
}

// bytesOf gives the bytes of a text, which must not be written to.
func bytesOf(text string) []byte {
	return unsafe.Slice(unsafe.StringData(text), len(text))
}

// textOf gives bytes as a text without copying them, for as long as nobody writes to them.
func textOf(bytes []byte) string {
	return unsafe.String(unsafe.SliceData(bytes), len(bytes))
}
