// JSON of unknown shape: whatever a member holds, asking for it is safe.

package provider

import (
	"bytes"
	"encoding/json"
	"strings"
)

// decode reads one JSON value. Numbers stay as they were written: a double would change long ones.
func decode(body []byte) (any, bool) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return nil, false
	}
	return value, true
}

// decodeOrMend also reads what is left of a value whose end is missing.
func decodeOrMend(body []byte) (any, bool) {
	if value, ok := decode(body); ok {
		return value, true
	}
	return decode(mend(body))
}

// object is nil for what is not one; reading members of nil is fine.
func object(value any) map[string]any {
	found, _ := value.(map[string]any)
	return found
}

func list(value any) []any {
	found, _ := value.([]any)
	return found
}

// str is empty for what is not a text.
func str(value any) string {
	found, _ := value.(string)
	return found
}

// first is the first of these members that is there and not null.
func first(of map[string]any, names ...string) any {
	for _, name := range names {
		if value := of[name]; value != nil {
			return value
		}
	}
	return nil
}

// firstText is the first of these members that is a text with something in it.
func firstText(of map[string]any, names ...string) string {
	for _, name := range names {
		if found := str(of[name]); found != "" {
			return found
		}
	}
	return ""
}

func number(value any) (float64, bool) {
	digits, ok := value.(json.Number)
	if !ok {
		return 0, false
	}
	found, err := digits.Float64()
	return found, err == nil
}

// asText is a text as it is, and anything else as its JSON text.
func asText(value any) string {
	switch value := value.(type) {
	case nil:
		return ""
	case string:
		return value
	default:
		return jsonText(value)
	}
}

func jsonText(value any) string {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	// A person reads it: `<` stays `<`.
	encoder.SetEscapeHTML(false)
	if encoder.Encode(value) != nil {
		return ""
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// without is a copy that lacks some members.
func without(of map[string]any, names ...string) map[string]any {
	rest := make(map[string]any, len(of))
	for name, value := range of {
		rest[name] = value
	}
	for _, name := range names {
		delete(rest, name)
	}
	return rest
}

// snake is the name that other providers have for one of Google's members.
func snake(name string) string {
	out := make([]byte, 0, len(name)+4)
	for at := range len(name) {
		each := name[at]
		if each >= 'A' && each <= 'Z' {
			if at > 0 {
				out = append(out, '_')
			}
			each += 'a' - 'A'
		}
		out = append(out, each)
	}
	return string(out)
}
