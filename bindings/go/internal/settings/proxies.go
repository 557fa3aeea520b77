// The proxy that requests go through, by the variables that every HTTP client knows. Unlike in net/http the
// first that is set counts for every scheme, as in the hosts of other languages.

package settings

import (
	"fmt"
	"net/url"
	"strings"
)

type proxies struct {
	proxy *url.URL
	// unusable says why the proxy cannot be used. Going around it might tell others what is not for them.
	unusable error
	// except are hosts that are reached without it, in lower case.
	except []string
}

// proxies finds the proxy in the table's order.
func (g *given) proxies(lookup func(string) (string, bool)) *proxies {
	found := &proxies{}
	for _, row := range g.rows {
		if row.ReadBy != readByHost || row.Secrecy != secrecyURL {
			continue
		}
		value, _ := lookup(row.Name)
		if value = strings.TrimSpace(value); value != "" {
			found.proxy, found.unusable = readProxy(row.Name, value)
			break
		}
	}
	list, said := lookup("NO_PROXY")
	if !said {
		list, _ = lookup("no_proxy")
	}
	for _, entry := range strings.Split(strings.ToLower(list), ",") {
		entry = strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(entry), "["), "]")
		if entry != "" {
			found.except = append(found.except, entry)
		}
	}
	return found
}

func readProxy(variable, value string) (*url.URL, error) {
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	// By hand, since a password may hold what the parser refuses.
	open, user, hasUser := splitUser(value)
	proxy, err := url.Parse(open)
	if err != nil || proxy.Hostname() == "" || !isProxyScheme(proxy.Scheme) {
		// The parser's own error would quote the URL.
		return nil, fmt.Errorf("`%s` names a proxy that cannot be used; accepted: a URL that begins with http://, https:// or socks5://", variable)
	}
	if hasUser {
		name, password, _ := strings.Cut(user, ":")
		proxy.User = url.UserPassword(decoded(name), decoded(password))
	}
	return proxy, nil
}

func isProxyScheme(scheme string) bool {
	switch scheme {
	case "http", "https", "socks5", "socks5h":
		return true
	}
	return false
}

// Proxy gives the proxy for a URL, with its user name and password; nil if there is none between. It fails
// if one is named that cannot be used.
func (p *Plan) Proxy(to *url.URL) (*url.URL, error) {
	if p.proxy == nil {
		return nil, nil
	}
	return p.proxy(strings.ToLower(to.Hostname()))
}

func (p *proxies) of(host string) (*url.URL, error) {
	if isHere(host) || p.exempts(host) {
		return nil, nil
	}
	return p.proxy, p.unusable
}

func (p *proxies) exempts(host string) bool {
	for _, entry := range p.except {
		switch {
		case entry == "*":
			return true
		case strings.HasPrefix(entry, "*"):
			if strings.HasSuffix(host, entry[1:]) {
				return true
			}
		case strings.HasPrefix(entry, "."):
			if strings.HasSuffix(host, entry) {
				return true
			}
		case strings.HasSuffix(entry, "*"):
			if strings.HasPrefix(host, entry[:len(entry)-1]) {
				return true
			}
		case strings.HasSuffix(entry, "."):
			if strings.HasPrefix(host, entry) {
				return true
			}
		case host == entry:
			return true
		}
	}
	return false
}
