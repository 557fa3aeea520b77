// What is known is hidden, in every form and however it is printed.

package settings

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/witspan/witspan-go/internal/core"
)

const (
	testKey      = "0123456789abcdef0123456789abcdef"
	testPassword = `pa"ss/w@rd`
)

func secretive(t testing.TB) *Plan {
	return planOf(t, variables{
		"DD_API_KEY": testKey, "DD_TRACE_AGENT_URL": "http://user:hunter22@agent:8126/?token=QUERYSECRET",
		"ALL_PROXY": "http://proxy:" + testPassword + "@proxy:3128",
	}, Options{Values: map[string]string{"override_origin": "http://SOLEUSER@origin"}})
}

func TestNoWayOfPrintingShowsASecret(t *testing.T) {
	plan := secretive(t)
	inJSON, err := json.Marshal(plan)
	if err != nil {
		t.Fatal(err)
	}
	type wrapped struct{ private Secrets }
	printed := string(inJSON)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
		for _, value := range []any{
			plan, *plan, plan.Secrets, *plan.Secrets, wrapped{*plan.Secrets}, plan.Discovery, plan.Targets,
			plan.Diagnostics, []any{plan}, map[string]*Plan{"p": plan},
		} {
			printed += fmt.Sprintf(verb, value)
		}
	}
	for _, secret := range []string{testKey, "hunter22", "QUERYSECRET", "SOLEUSER", "w@rd", "pa\\\"ss"} {
		if strings.Contains(printed, secret) || strings.Contains(printed, fmt.Sprintf("%x", secret)) {
			t.Errorf("%s is shown", secret)
		}
	}
	if text := fmt.Sprint(plan.Secrets); !strings.HasPrefix(text, "Secrets(") {
		t.Error(text)
	}
	if text := fmt.Sprint(Secrets{}); text != "Secrets(0)" {
		t.Error(text)
	}
}

func TestSecretsAreHiddenInEveryForm(t *testing.T) {
	secrets := secretive(t).Secrets
	for text, shown := range map[string]string{
		"key " + testKey + "!":                             "key (the API key)!",
		"the password is hunter22":                         "the password is …",
		"Authorization: Basic dXNlcjpodW50ZXIyMg==":        "Authorization: Basic …",
		"Basic U09MRVVTRVI6":                               "Basic …",
		"at http://user:hunter22@agent:8126/?token=x, no":  "at http://…@agent:8126/?token=…, no",
		"no http://other:password@host":                    "no http://…@host",
		`{"said": "pa\"ss/w@rd"}`:                          `{"said": "…"}`,
		"pa%22ss%2Fw%40rd and pa%22ss%2Fw@rd and " + "pro": "… and … and pro",
		"QUERYSECRET":                                      "…",
		"nothing at agent:8126":                            "nothing at agent:8126",
	} {
		if hidden := secrets.Hide(text); hidden != shown {
			t.Errorf("%s: %s", text, hidden)
		}
	}
}

func TestAnExcerptIsHiddenBeforeItIsCut(t *testing.T) {
	secrets := secretive(t).Secrets
	text := secrets.Excerpt(" " + strings.Repeat("é", 590) + testKey + "\xff ")
	if want := strings.Repeat("é", 590) + "(the API k"; text != want {
		t.Error(text)
	}
	if text := secrets.Excerpt(" a\xffb \n"); text != "a\uFFFDb" {
		t.Errorf("%q", text)
	}
	if text := secrets.Excerpt(strings.Repeat("x", 1<<20)); len(text) != excerptLetters {
		t.Error(len(text))
	}
}

func TestHeadersHoldSecrets(t *testing.T) {
	secrets := secretive(t).Secrets
	for _, one := range []struct {
		name string
		form core.CredentialForm
		want string
	}{
		{"DD_API_KEY", core.CredentialFormPlain, testKey},
		{"DD_TRACE_AGENT_URL", core.CredentialFormBasic, "Basic dXNlcjpodW50ZXIyMg=="},
		{"DD_LLMOBS_OVERRIDE_ORIGIN", core.CredentialFormBasic, "Basic U09MRVVTRVI6"},
		{"DD_SITE", core.CredentialFormBasic, ""},
	} {
		if value, has := secrets.Header(one.name, one.form); value != one.want || has != (one.want != "") {
			t.Errorf("%+v gives %s", one, value)
		}
	}
}

func TestWithoutSecretsTextsStay(t *testing.T) {
	var none *Secrets
	for _, secrets := range []*Secrets{none, {}, planOf(t, variables{"DD_AGENT_HOST": "fe80::1"}, Options{}).Secrets} {
		for _, text := range []string{"user:pass 100%", "http://localhost:8126 is gone", "dial [fe80::1]:8126"} {
			if shown := secrets.Excerpt(text); shown != text {
				t.Error(shown)
			}
		}
		if _, has := secrets.Header("DD_API_KEY", core.CredentialFormPlain); has {
			t.Error("a key")
		}
	}
}

func TestWhatSteersIsEscaped(t *testing.T) {
	hostile := "a\x1b]0;x\a\r\nb\u009b2J\x7f\u202e\u2028\u200d\U000e0041\t\x9b"
	want := `a\u001b]0;x\u0007\r\nb\u009b2J\u007f\u202e\u2028\u200d\udb40\udc41\t` + "\uFFFD"
	if shown := Shown(hostile); shown != want || Shown(shown) != shown {
		t.Error(shown)
	}
	for _, text := range []string{"Größe 5 µs", "日本語", "👍🏽", `C:\new\table`, "a — “b” …"} {
		if shown := Shown(text); shown != text {
			t.Error(shown)
		}
	}
}
