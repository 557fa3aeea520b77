// Mending JSON whose end is missing, because it was too long to keep or was not read to its end.

package provider

// mend closes what is open, and drops a member or a number that has only begun. The result is JSON wherever the
// beginning was.
func mend(body []byte) []byte {
	var (
		open   []byte // what closes each open object or list
		safe   = -1   // the length up to which the value is whole, apart from `open`
		within []byte // `open` at that place
		isKey  bool   // the next text is a name
	)
	mark := func(end int) {
		safe, within = end, append(within[:0], open...)
	}
	for at := 0; at < len(body); at++ {
		switch body[at] {
		case '{', '[':
			open = append(open, body[at]+2) // the closing bracket is two further in ASCII
			isKey = body[at] == '{'
			mark(at + 1)
		case '}', ']':
			if len(open) == 0 {
				return body
			}
			open = open[:len(open)-1]
			isKey = false
			mark(at + 1)
		case ',':
			isKey = len(open) > 0 && open[len(open)-1] == '}'
			mark(at)
		case ':':
			isKey = false
		case '"':
			end, closed := endOfText(body, at+1)
			if !closed {
				if isKey {
					return closedAt(body, safe, within)
				}
				return closedAt(append(body[:end:end], '"'), end+1, open)
			}
			at = end
			if !isKey {
				mark(end + 1)
			}
		}
	}
	return closedAt(body, safe, within)
}

// endOfText is where the closing quote is. Without one it is where the text can be closed: before an escape, or a
// character, that has only begun.
func endOfText(body []byte, at int) (end int, closed bool) {
	for at < len(body) {
		switch body[at] {
		case '"':
			return at, true
		case '\\':
			long := 2
			if at+1 < len(body) && body[at+1] == 'u' {
				long = 6
			}
			if at+long > len(body) {
				return at, false
			}
			at += long
		default:
			at++
		}
	}
	for back := 1; back <= 3 && back <= at; back++ {
		if each := body[at-back]; each >= 0xC0 {
			return at - back, false
		} else if each < 0x80 {
			break
		}
	}
	return at, false
}

func closedAt(body []byte, end int, open []byte) []byte {
	if end < 0 {
		return nil
	}
	out := append(make([]byte, 0, end+len(open)), body[:end]...)
	for at := len(open) - 1; at >= 0; at-- {
		out = append(out, open[at])
	}
	return out
}
