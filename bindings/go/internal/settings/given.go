// What the environment and the code say, sorted by what may leave the host.

package settings

import (
	"strconv"
	"strings"
)

const (
	readByCore    = "core"
	readByHost    = "host"
	readByCommand = "command"
	secrecyOpen   = "open"
	secrecyURL    = "url"
	secrecySecret = "secret"
)

type given struct {
	rows     []variable
	byOption map[string]variable
	// environment and options are what the core may know.
	environment map[string]string
	options     map[string]string
	secrets     *Secrets
}

func newGiven(rows []variable) *given {
	g := &given{
		rows:        rows,
		byOption:    map[string]variable{},
		environment: map[string]string{},
		options:     map[string]string{},
		secrets:     newSecrets(),
	}
	for _, row := range rows {
		if row.Option != "" {
			g.byOption[row.Option] = row
		}
	}
	return g
}

func (g *given) readEnvironment(lookup func(string) (string, bool)) {
	for _, row := range g.rows {
		if row.Name == "" || row.ReadBy == readByCommand {
			continue
		}
		value, _ := lookup(row.Name)
		if value = strings.TrimSpace(value); value == "" {
			continue
		}
		if row.ReadBy == readByHost {
			// The host reads it elsewhere. Here only its password matters: nobody may repeat it.
			if row.Secrecy == secrecyURL {
				g.secrets.hideURL(value)
			}
			continue
		}
		if open, has := g.open(row, value); has {
			g.environment[row.Name] = open
		}
	}
}

// option takes what code says. Of an option that is not in the table the core says so.
func (g *given) option(name, value string) {
	if value = strings.TrimSpace(value); value == "" {
		return
	}
	row, known := g.byOption[name]
	if !known {
		g.options[name] = value
		return
	}
	if open, has := g.open(row, value); has {
		g.options[name] = open
	}
}

// open gives what may leave the host of a value, if anything may. Its secret is kept here, in place of
// one that the environment had.
func (g *given) open(row variable, value string) (open string, has bool) {
	switch row.Secrecy {
	case secrecySecret:
		g.secrets.setKey(row.Name, value)
		return "", false
	case secrecyURL:
		g.secrets.hideURL(value)
		open, user, hasUser := splitUser(value)
		if hasUser {
			g.secrets.setUser(row.Name, user)
		} else {
			g.secrets.forget(row.Name)
		}
		return open, true
	}
	return value, true
}

// says tells whether anybody set an option.
func (g *given) says(option string) bool {
	_, inCode := g.options[option]
	_, outside := g.environment[g.byOption[option].Name]
	return inCode || outside
}

// usable gives the names of all secrets, each with whether a header can hold it.
func (g *given) usable() map[string]bool {
	usable := map[string]bool{}
	for _, row := range g.rows {
		value, has := g.secrets.kept().values[row.Name]
		if !has {
			continue
		}
		// A user name and a password are sent in base64, which any header can hold.
		usable[row.Name] = row.Secrecy == secrecyURL || isVisible(value)
	}
	return usable
}

func isVisible(text string) bool {
	for at := range len(text) {
		if text[at] < ' ' || text[at] > '~' {
			return false
		}
	}
	return true
}

// fit lowers what nobody said to what fits into an instance's memory, which is 64 MiB on systems of 32 bits.
func (g *given) fit(bits int) {
	if bits > 32 {
		return
	}
	for _, option := range []string{"open_bytes", "queue_bytes"} {
		if !g.says(option) {
			g.options[option] = strconv.Itoa(16 << 20)
		}
	}
}
