// Text in one line, in which every character that steers a terminal or a log is escaped as in JSON.

package settings

import (
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// Shown gives a text in one line without characters that steer. Backslashes stay as they are, so escaping
// twice is the same as escaping once. Bytes that are not UTF-8 become U+FFFD.
func Shown(text string) string {
	text = strings.ToValidUTF8(text, string(utf8.RuneError))
	if strings.IndexFunc(text, steers) < 0 {
		return text
	}
	var out strings.Builder
	for _, letter := range text {
		switch {
		case !steers(letter):
			out.WriteRune(letter)
		case letter == '\n':
			out.WriteString(`\n`)
		case letter == '\r':
			out.WriteString(`\r`)
		case letter == '\t':
			out.WriteString(`\t`)
		default:
			for _, unit := range utf16.Encode([]rune{letter}) {
				fmt.Fprintf(&out, `\u%04x`, unit)
			}
		}
	}
	return out.String()
}

// steered are the ranges of characters that steer: that move the cursor, start a command of the terminal,
// end a line, turn the direction of what follows, or are there and not seen.
var steered = [][2]rune{
	// C0 with ESC, BEL, CR and LF; DEL; C1, where one character is as good as "ESC [".
	{0, 0x1f}, {0x7f, 0x9f},
	// Of no width: the soft hyphen, joiners, the mark at the beginning of a file.
	{0xad, 0xad}, {0x180e, 0x180e}, {0x200b, 0x200d}, {0x2060, 0x2064}, {0xfeff, 0xfeff},
	// The direction of text, in its marks, embeddings, overrides and isolates.
	{0x61c, 0x61c}, {0x200e, 0x200f}, {0x202a, 0x202e}, {0x2065, 0x206f},
	// Ends of lines and paragraphs.
	{0x2028, 0x2029},
	// Annotations, musical formats, and tags that spell a text nobody sees.
	{0xfff9, 0xfffb}, {0x1d173, 0x1d17a}, {0xe0000, 0xe007f},
}

func steers(letter rune) bool {
	for _, between := range steered {
		if between[0] <= letter && letter <= between[1] {
			return true
		}
	}
	return false
}
