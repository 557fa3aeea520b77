// What a request says beside messages: settings of the model as metadata, and definitions of tools.

package provider

import "encoding/json"

// Members that hold texts or objects and are known to be settings. Numbers and booleans are settings under any
// name. Anything else stays out: there are headers and keys for servers of tools among it.
var known = map[string]bool{}

func init() {
	for _, name := range []string{
		"audio", "cache_control", "cached_content", "chat_template_kwargs", "container", "context_management",
		"conversation", "effort", "encoding_format", "function_call", "guided_choice", "guided_grammar", "guided_json",
		"guided_regex", "include", "inference_geo", "input_type", "labels", "logit_bias", "media_resolution",
		"metadata", "modalities", "moderation", "output_config", "output_format", "prediction", "previous_response_id",
		"prompt", "prompt_cache_key", "prompt_cache_retention", "reasoning", "reasoning_effort", "response_format",
		"response_json_schema", "response_mime_type", "response_modalities", "response_schema", "safety_identifier",
		"safety_settings", "service_tier", "speech_config", "speed", "stop", "stop_sequences", "stream_options",
		"suffix", "task_type", "text", "thinking", "thinking_config", "title", "tool_choice", "tool_config",
		"truncation", "user", "verbosity", "web_search_options",
	} {
		known[name] = true
	}
}

// mostOfOne is how long a setting may be as JSON, such as a schema of the answer.
const mostOfOne = 16 << 10

// settings takes all members that are settings, apart from those that hold what was said.
func (c *Call) settings(body map[string]any, said ...string) {
	for name, value := range without(body, append(said, "model", "stream")...) {
		c.setting(snake(name), value)
	}
}

func (c *Call) setting(name string, value any) {
	switch value := value.(type) {
	case nil:
		return
	case bool:
	default:
		if _, isNumber := number(value); !isNumber && !known[name] {
			return
		}
	}
	if len(jsonText(value)) > mostOfOne {
		value = "[too long to keep]"
	}
	c.Metadata[name] = value
}

// note takes members of an answer.
func (c *Call) note(answer map[string]any, names ...string) {
	for _, name := range names {
		if value := answer[name]; value != nil && len(jsonText(value)) <= mostOfOne {
			c.Metadata[name] = value
		}
	}
}

func (c *Call) finishReasons(reasons []string) {
	switch len(reasons) {
	case 0:
	case 1:
		c.Metadata["finish_reason"] = reasons[0]
	default:
		c.Metadata["finish_reason"] = reasons
	}
}

// tools takes definitions in OpenAI's and Anthropic's forms. Of a tool that the provider runs itself only the name
// is taken: the rest may be addresses and keys.
func (c *Call) tools(value any) {
	for _, each := range list(value) {
		tool := object(each)
		for _, name := range []string{"function", "custom"} {
			if inner := object(tool[name]); inner != nil {
				tool = inner
			}
		}
		name := firstText(tool, "name", "server_label", "type")
		if name == "" {
			continue
		}
		c.Tools = append(c.Tools, ToolDefinition{
			Name: name, Description: firstText(tool, "description", "server_description"),
			Schema: schemaOf(first(tool, "parameters", "input_schema")),
		})
	}
}

func schemaOf(value any) json.RawMessage {
	if schema := object(value); schema != nil {
		return json.RawMessage(jsonText(schema))
	}
	return nil
}
