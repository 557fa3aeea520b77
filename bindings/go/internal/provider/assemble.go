// What the assemblers of streams share: texts that grow, within a limit for the whole answer.

package provider

import "strings"

// entry is what each part of an answer counts for beside its texts, so that a stream of empty parts ends, too.
const entry = 256

// A text grows by pieces. A nil one is empty.
type text struct {
	said strings.Builder
}

func (t *text) add(c *Call, kept *int, piece string) {
	left := max(Limit-*kept, 0)
	if len(piece) > left {
		c.leftOut("answer_bytes_left_out", len(piece)-left)
		piece = strings.ToValidUTF8(piece[:left], "")
	}
	*kept += len(piece)
	t.said.WriteString(piece)
}

func (t *text) string() string {
	if t == nil {
		return ""
	}
	return t.said.String()
}

// room says whether so many more bytes of an answer may be kept, and counts them.
func room(c *Call, kept *int, size int) bool {
	if *kept+size > Limit {
		c.leftOut("answer_bytes_left_out", size)
		return false
	}
	*kept += size
	return true
}

func mergedWith(base, more map[string]any) map[string]any {
	out := without(base)
	for name, value := range more {
		out[name] = value
	}
	return out
}
