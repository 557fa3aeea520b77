// What the program knows and must not say, also where another repeats it: keys and passwords.

package settings

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"sort"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/witspan/witspan-go/internal/core"
)

const (
	// Shorter texts are parts of many words, which would become unreadable.
	shortestSecret = 4
	// The most characters of a text of others that are shown, and the most bytes of it that are read. The
	// difference is larger than a key, so that one that was read only in part is not shown.
	excerptLetters = 600
	excerptBytes   = 1 << 16
)

// namesSecret says whether a value of a query is secret, by its name.
func namesSecret(name string) bool {
	name = strings.ToLower(name)
	for _, part := range []string{"key", "token", "secret", "pass", "pwd", "auth", "sig"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return false
}

// Secrets are those of one tracer. They never enter the core, and no way of printing this shows them. They
// do not change once the plan is made, so any goroutine may use them.
type Secrets struct {
	// By a function, which is printed as an address. The methods for printing are not asked for a field that
	// is not exported, and fmt follows a pointer if the verb is not one for pointers.
	kept func() *keptSecrets
}

type keptSecrets struct {
	// values are by the names of their variables.
	values map[string]string
	// hidden are the texts to hide, the longest first.
	hidden []hiddenText
}

type hiddenText struct{ text, instead string }

func newSecrets() *Secrets {
	kept := &keptSecrets{values: map[string]string{}}
	return &Secrets{func() *keptSecrets { return kept }}
}

// Header gives the value of a header that holds a secret; false if there is no such secret.
func (s *Secrets) Header(name string, form core.CredentialForm) (string, bool) {
	if s == nil || s.kept == nil {
		return "", false
	}
	secret, has := s.kept().values[name]
	if !has || form == core.CredentialFormPlain {
		return secret, has
	}
	if !strings.Contains(secret, ":") {
		// A user name alone has an empty password.
		secret += ":"
	}
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(secret)), true
}

// Hide gives a text of others without what is known here, and without what URLs in it hold.
func (s *Secrets) Hide(text string) string {
	if s != nil && s.kept != nil {
		for _, one := range s.kept().hidden {
			text = strings.ReplaceAll(text, one.text, one.instead)
		}
	}
	return withoutSecrets(text)
}

// Excerpt gives the beginning of a text of others. Secrets are hidden before it is cut, since a part of a
// key would not be recognised.
func (s *Secrets) Excerpt(text string) string {
	text = s.Hide(text[:min(len(text), excerptBytes)])
	text = strings.TrimSpace(strings.ToValidUTF8(text, string(utf8.RuneError)))
	letters := 0
	for at := range text {
		if letters == excerptLetters {
			return text[:at]
		}
		letters++
	}
	return text
}

func (s Secrets) String() string {
	if s.kept == nil {
		return "Secrets(0)"
	}
	return fmt.Sprintf("Secrets(%d)", len(s.kept().hidden))
}

// GoString is for %#v.
func (s Secrets) GoString() string { return s.String() }

// Format is for every verb: %d, for one, would not ask String.
func (s Secrets) Format(out fmt.State, _ rune) { _, _ = io.WriteString(out, s.String()) }

// MarshalJSON is for those who print anything as JSON.
func (s Secrets) MarshalJSON() ([]byte, error) { return json.Marshal(s.String()) }

// setKey keeps the key or token that a variable or an option holds.
func (s *Secrets) setKey(name, value string) {
	s.kept().values[name] = value
	instead := "…"
	if name == apiKey {
		instead = "(the API key)"
	}
	s.hide(value, instead)
}

// apiKey is the variable that holds the intake's key.
const apiKey = "DD_API_KEY"

// setUser keeps the user name and password of a URL.
func (s *Secrets) setUser(name, user string) {
	s.kept().values[name] = user
	s.hideURL("http://" + user + "@host")
}

func (s *Secrets) forget(name string) { delete(s.kept().values, name) }

// hideURL hides user, password and keys of a URL, in every form in which they travel.
func (s *Secrets) hideURL(text string) {
	found := partsOf(text)
	if found.scheme == "" && !found.hasUser && !found.hasQuery {
		// A host alone has no secret, though an IPv6 address looks like a user with a password.
		return
	}
	for _, pair := range found.pairs() {
		if namesSecret(pair[0]) {
			s.hide(pair[1], "…")
			s.hide(decoded(pair[1]), "…")
		}
	}
	if found.hasUser {
		for _, info := range []string{found.userInfo, decoded(found.userInfo)} {
			user, password, _ := strings.Cut(info, ":")
			// As the header of a request has it.
			s.hide(base64.StdEncoding.EncodeToString([]byte(user+":"+password)), "…")
			s.hide(info+"@", "…@")
			if password != "" {
				s.hide(password, "…")
			} else {
				s.hide(user, "…")
			}
			s.hide(info, "…")
		}
	}
	s.hide(text, ShownURL(text))
}

func (s *Secrets) hide(secret, instead string) {
	// Another may quote it in a URL, in JSON, or as Go does.
	inJSON, _ := json.Marshal(secret)
	quoted := strconv.Quote(secret)
	query := url.QueryEscape(secret)
	for _, form := range []string{
		secret, query, strings.ReplaceAll(query, "+", "%20"), url.PathEscape(secret),
		string(inJSON[1 : len(inJSON)-1]), quoted[1 : len(quoted)-1],
	} {
		s.hideText(strings.TrimSpace(form), instead)
	}
}

func (s *Secrets) hideText(text, instead string) {
	kept := s.kept()
	hidden := kept.hidden
	if len(text) < shortestSecret || text == instead {
		return
	}
	if slices.ContainsFunc(hidden, func(one hiddenText) bool { return one.text == text }) {
		return
	}
	at := sort.Search(len(hidden), func(at int) bool { return len(hidden[at].text) < len(text) })
	kept.hidden = slices.Insert(hidden, at, hiddenText{text, instead})
}

// decoded gives a text with percent signs and two digits as the bytes that they stand for. Unlike that of
// net/url it takes any text: a password may have a percent sign of its own.
func decoded(text string) string {
	var out strings.Builder
	for at := 0; at < len(text); at++ {
		if text[at] == '%' && at+2 < len(text) {
			if value, err := strconv.ParseUint(text[at+1:at+3], 16, 8); err == nil {
				out.WriteByte(byte(value))
				at += 2
				continue
			}
		}
		out.WriteByte(text[at])
	}
	return out.String()
}
