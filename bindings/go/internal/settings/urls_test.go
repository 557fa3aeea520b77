// URLs show no secret, and the proxy is the one that every host goes through.

package settings

import (
	"net/url"
	"strings"
	"testing"
)

func TestURLsAreShownWithoutSecrets(t *testing.T) {
	for text, want := range map[string]string{
		"http://user:SECRET@host:8126/base":        "http://…@host:8126/base",
		"http://user:SEC%40RET@host":               "http://…@host",
		"http://user%3ASECRET%40host":              "http://…@host",
		"http://user:SEC/RET@host/p":               "http://…@host/p",
		"http://user:SEC RET@host":                 "http://…@host",
		"http://user:SECRET@[::1]:80/":             "http://…@[::1]:80/",
		"http://user:SECRET@[::1":                  "http://…@[:…",
		"http://user:SECRET":                       "http://user:…",
		"user:SEC@RET@host:8126":                   "…@host:8126",
		"user:SECRET@http://host":                  "…@http://host",
		"http://host/p?api_key=SECRET;site=SECRET": "http://host/p?api_key=…&site=…",
		"http://host?SECRET":                       "http://host?…",
		"http://host/?a=1#token=SECRET":            "http://host/?a=…#…",
		"http://[::1]:8126/base/":                  "http://[::1]:8126/base/",
		"http://host/@scope/name":                  "http://host/@scope/name",
		"unix:///var/run/a@b.sock":                 "unix:///var/run/a@b.sock",
		"localhost:8126":                           "localhost:8126",
		"":                                         "",
	} {
		if shown := ShownURL(text); shown != want {
			t.Errorf("%s: %s", text, shown)
		}
	}
	for text, want := range map[string]string{
		"`http://u:SECRET@host`: (http://host:1).": "`http://…@host`: (http://host:1).",
		"é://u:SECRET@h and https://a?k=SECRET":    "é://…@h and https://a?k=…",
		"at http://[::1]:8126":                     "at http://[::1]:8126",
		"a@b.example wrote :// to c@d.example":     "a@b.example wrote :// to c@d.example",
	} {
		if shown := withoutSecrets(text); shown != want {
			t.Errorf("%s: %s", text, shown)
		}
	}
}

func TestUserNameAndPasswordAreSplitOff(t *testing.T) {
	for _, one := range []struct{ text, open, user string }{
		{"http://u:p@h/p@q", "http://h/p@q", "u:p"},
		{"http://u:p@w@h:1/b", "http://h:1/b", "u:p@w"},
		{"http://u@h?x=@", "http://h?x=@", "u"},
		{"unix:///run/a@b", "unix:///run/a@b", ""},
		{"git@h:r.git", "git@h:r.git", ""},
	} {
		open, user, has := splitUser(one.text)
		if open != one.open || user != one.user || has != (user != "") {
			t.Errorf("%s: %s %s", one.text, open, user)
		}
	}
}

func TestThisMachineIsRecognized(t *testing.T) {
	here := "http://localhost:1/x http://u:p@LOCALHOST http://[::1]:1 http://127.9.9.9 http://localhost.:1"
	for _, text := range strings.Fields(here) {
		if !IsHere(text) {
			t.Error(text)
		}
	}
	for _, text := range strings.Fields("http://localhost.example http://h/@localhost http://[::2] http://h http://[") {
		if IsHere(text) {
			t.Error(text)
		}
	}
}

func TestTheProxyIsTheFirstThatIsSet(t *testing.T) {
	for _, one := range []struct {
		environment variables
		to, want    string
	}{
		{nil, "http://h", ""},
		{variables{"HTTP_PROXY": "http://p"}, "https://h", "http://p"},
		{variables{"HTTP_PROXY": "http://1", "https_proxy": "http://2"}, "http://h", "http://2"},
		{variables{"ALL_PROXY": " ", "all_proxy": "p:3128", "HTTPS_PROXY": "http://2"}, "http://h", "http://p:3128"},
		{variables{"ALL_PROXY": "SOCKS5://u:p%40w@p"}, "https://h", "socks5://u:p%40w@p"},
		{variables{"ALL_PROXY": "http://u@p"}, "https://h", "http://u:@p"},
		{variables{"ALL_PROXY": "http://p", "NO_PROXY": "h"}, "http://H:8", ""},
		{variables{"ALL_PROXY": "http://p", "NO_PROXY": "other, *.Example , [fd00::1]"}, "http://a.example", ""},
		{variables{"ALL_PROXY": "http://p", "no_proxy": "[fd00::1]"}, "http://[fd00::1]:1", ""},
		{variables{"ALL_PROXY": "http://p", "NO_PROXY": "", "no_proxy": "h"}, "http://h", "http://p"},
		{variables{"ALL_PROXY": "http://p", "NO_PROXY": ".example"}, "http://example", "http://p"},
		{variables{"ALL_PROXY": "http://p", "NO_PROXY": "10.*,192.168."}, "http://10.1.2.3", ""},
		{variables{"ALL_PROXY": "http://p", "NO_PROXY": "10.*,192.168."}, "http://192.168.2.3", ""},
		{variables{"ALL_PROXY": "http://p", "NO_PROXY": "10.*,192.168.,*x,.y"}, "http://host", "http://p"},
		{variables{"ALL_PROXY": "http://p", "NO_PROXY": "*"}, "http://host", ""},
		{variables{"ALL_PROXY": "http://p"}, "http://127.0.0.1:8126", ""},
	} {
		to, err := url.Parse(one.to)
		if err != nil {
			t.Fatal(err)
		}
		proxy, err := planOf(t, one.environment, Options{}).Proxy(to)
		found := ""
		if proxy != nil {
			found = proxy.String()
		}
		if found != one.want || err != nil {
			t.Errorf("%v to %s: %s %v", one.environment, one.to, found, err)
		}
	}
}

func TestAProxyThatCannotBeUsedIsAnErrorWithoutItsPassword(t *testing.T) {
	for _, text := range []string{"ftp://u:hunter22@p", "http://u:hunter22@", "http://u:hunter22@p:x"} {
		plan := planOf(t, variables{"https_proxy": text}, Options{})
		proxy, err := plan.Proxy(&url.URL{Scheme: "https", Host: "h"})
		if proxy != nil || err == nil || !strings.Contains(err.Error(), "`https_proxy`") || strings.Contains(err.Error(), "hunter22") {
			t.Error(proxy, err)
		}
	}
	if proxy, err := (&Plan{}).Proxy(&url.URL{Host: "h"}); proxy != nil || err != nil {
		t.Error(proxy, err)
	}
}
