// URLs as they may be shown, and whether one leads to this machine.

package settings

import (
	"net/netip"
	"net/url"
	"strings"
	"unicode"
)

// parts is what a text has of a URL.
type parts struct {
	// scheme goes up to "://", or is empty.
	scheme string
	// userInfo is what is before the "@", if hasUser.
	userInfo string
	hasUser  bool
	// place is host, port and path.
	place string
	// query is what follows the "?", up to the "#", if hasQuery.
	query       string
	hasQuery    bool
	hasFragment bool
}

// partsOf splits a text as a person who wants to hide a password would, also where it is no proper URL.
func partsOf(text string) (found parts) {
	rest := text
	if strings.HasPrefix(text, "unix:") {
		found.scheme, rest = text, ""
	} else if at := strings.Index(text, "://"); at >= 0 && !strings.Contains(text[:at], "@") {
		found.scheme, rest = text[:at+3], text[at+3:]
	}
	end := firstOf(rest, `/\?#`)
	authority, after := rest[:end], rest[end:]
	userEnd, hostBegin := lastAt(authority)
	host := authority[hostBegin:]
	// A password may have a "/", "?" or "#" in it: then the last "@" of all ends it.
	if !isHost(host) || len(host) < end || strings.Contains(host, ":") {
		if at := strings.LastIndexByte(after, '@'); at >= 0 {
			userEnd, hostBegin = end+at, end+at+1
		}
	}
	if hostBegin > 0 {
		found.userInfo, found.hasUser, rest = rest[:userEnd], true, rest[hostBegin:]
	}
	rest, _, found.hasFragment = strings.Cut(rest, "#")
	found.place, found.query, found.hasQuery = strings.Cut(rest, "?")
	return found
}

// pairs gives names and values of the query; a name is empty where there is only a value.
func (p *parts) pairs() (pairs [][2]string) {
	if !p.hasQuery {
		return nil
	}
	for _, part := range strings.Split(strings.ReplaceAll(p.query, ";", "&"), "&") {
		name, value, has := strings.Cut(part, "=")
		if !has {
			name, value = "", part
		}
		pairs = append(pairs, [2]string{name, value})
	}
	return pairs
}

// ShownURL gives a URL that shows no secret, also where it is none: `http://…@host:8126/path?api_key=…`.
func ShownURL(text string) string {
	found := partsOf(text)
	var out strings.Builder
	out.WriteString(found.scheme)
	if found.hasUser {
		out.WriteString("…@")
	}
	end := firstOf(found.place, `/\`)
	host := found.place[:end]
	if name, _, has := strings.Cut(host, ":"); has && !isHost(host) {
		// No port: more likely a password whose host was forgotten.
		host = name + ":…"
	}
	out.WriteString(host + found.place[end:])
	for number, pair := range found.pairs() {
		separator := "&"
		if number == 0 {
			separator = "?"
		}
		out.WriteString(separator + pair[0])
		if pair[0] != "" {
			out.WriteByte('=')
		}
		if pair[1] != "" {
			out.WriteString("…")
		}
	}
	if found.hasFragment {
		out.WriteString("#…")
	}
	return out.String()
}

// withoutSecrets gives any text with the URLs in it as [ShownURL] shows them.
func withoutSecrets(text string) string {
	var out strings.Builder
	for {
		at := strings.Index(text, "://")
		if at < 0 {
			out.WriteString(text)
			return out.String()
		}
		begin := at
		for begin > 0 && isSchemeByte(text[begin-1]) {
			begin--
		}
		end := len(text)
		if length := strings.IndexFunc(text[at:], endsURL); length >= 0 {
			end = at + length
		}
		found := text[begin:end]
		// These end the sentence that has the URL, not the URL; the bracket of `http://[::1]` is its own.
		if !strings.Contains(found, "[") {
			found = strings.TrimRight(found, ")].,;:!}")
		}
		out.WriteString(text[:begin])
		out.WriteString(ShownURL(found))
		text = text[begin+len(found):]
	}
}

func isSchemeByte(letter byte) bool {
	return 'a' <= letter && letter <= 'z' || 'A' <= letter && letter <= 'Z' || '0' <= letter && letter <= '9' ||
		strings.IndexByte("+-.", letter) >= 0
}

func endsURL(letter rune) bool {
	return unicode.IsSpace(letter) || strings.ContainsRune("\"'`<>", letter)
}

// IsHere tells whether a URL's host is this machine, where no proxy stands between.
func IsHere(text string) bool {
	parsed, err := url.Parse(text)
	return err == nil && isHere(strings.ToLower(parsed.Hostname()))
}

func isHere(host string) bool {
	host = strings.TrimSuffix(host, ".")
	address, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && address.IsLoopback()
}

// splitUser gives a URL without user name and password, and these if it has them. What is not a URL
// (`git@host:path`) stays as it is.
func splitUser(text string) (open, user string, has bool) {
	scheme, rest, isURL := strings.Cut(text, "://")
	if !isURL || strings.EqualFold(scheme, "unix") {
		return text, "", false
	}
	end := firstOf(rest, "/?#")
	at := strings.LastIndexByte(rest[:end], '@')
	if at < 0 {
		return text, "", false
	}
	return scheme + "://" + rest[at+1:], rest[:at], true
}

// firstOf gives where the first of these characters is, or the text's end.
func firstOf(text, any string) int {
	if at := strings.IndexAny(text, any); at >= 0 {
		return at
	}
	return len(text)
}

// lastAt gives where the last "@" begins and ends, also one that is written with a percent sign; zeros if
// there is none.
func lastAt(authority string) (begin, end int) {
	plain, encoded := strings.LastIndexByte(authority, '@'), strings.LastIndex(authority, "%40")
	switch {
	case plain > encoded:
		return plain, plain + 1
	case encoded >= 0:
		return encoded, encoded + len("%40")
	}
	return 0, 0
}

// isHost tells whether it is a name or an address, perhaps with a port.
func isHost(text string) bool {
	split := firstOf(text, ":")
	if end := strings.LastIndexByte(text, ']'); end >= 0 && strings.HasPrefix(text, "[") {
		split = end + 1
	}
	name, port := text[:split], strings.TrimPrefix(text[split:], ":")
	return name != "" && strings.IndexFunc(name, unicode.IsSpace) < 0 && strings.Trim(port, "0123456789") == ""
}
