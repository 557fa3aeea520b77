package suite

import (
	"encoding/json"
	"strings"

	"github.com/witspan/witspan-go/internal/core"
)

// Deed is what a case has the processor do, as its JSON says.
type Deed any

// Late is the deed that takes longer than it may; Off is that of no processor.
const (
	Late = "late"
	Off  = "off"
)

func deed(does json.RawMessage) Deed { return parsed(string(does)) }

// Processed gives what a processor that does this makes of an event.
func Processed(deed Deed, event string) core.ProcessingOutcome {
	switch deed {
	case "drop":
		return core.ProcessingOutcome{Tag: core.ProcessingOutcomeDrop}
	case "off", "raise", nil:
		return core.ProcessingOutcome{Tag: core.ProcessingOutcomeFailed}
	case "nonsense":
		return core.ProcessingOutcome{Tag: core.ProcessingOutcomeProcessed, Text: "nonsense"}
	}
	changed := parsed(event)
	if does, is := deed.(map[string]any); is {
		if pair, is := does["replace"].([]any); is {
			changed = replaced(changed, pair[0].(string), pair[1].(string))
		}
		if name, is := does["remove"].(string); is {
			delete(changed.(map[string]any), name)
		}
		if patch, is := does["merge"]; is {
			changed = merged(changed, patch)
		}
	}
	return core.ProcessingOutcome{Tag: core.ProcessingOutcomeProcessed, Text: text(changed)}
}

// replaced replaces in every text that is a value, at any depth.
func replaced(value any, from, to string) any {
	switch value := value.(type) {
	case string:
		return strings.ReplaceAll(value, from, to)
	case []any:
		for index, item := range value {
			value[index] = replaced(item, from, to)
		}
	case map[string]any:
		for name, part := range value {
			value[name] = replaced(part, from, to)
		}
	}
	return value
}

// merged applies a JSON merge patch (RFC 7386).
func merged(value, patch any) any {
	changes, is := patch.(map[string]any)
	if !is {
		return patch
	}
	result, is := value.(map[string]any)
	if !is {
		result = map[string]any{}
	}
	for name, part := range changes {
		if part == nil {
			delete(result, name)
		} else {
			result[name] = merged(result[name], part)
		}
	}
	return result
}
