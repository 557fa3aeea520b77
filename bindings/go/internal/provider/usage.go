// Numbers of tokens, under the names that a span has for them.

package provider

// count sets a metric to the first of these members that is a number.
func (c *Call) count(metric string, usage map[string]any, names ...string) (float64, bool) {
	for _, name := range names {
		if found, ok := number(usage[name]); ok {
			c.Metrics[metric] = found
			return found, true
		}
	}
	return 0, false
}

// openAIUsage reads chat completions, responses and embeddings, which name the same numbers differently.
func (c *Call) openAIUsage(usage map[string]any) {
	input, hasInput := c.count("input_tokens", usage, "prompt_tokens", "input_tokens")
	output, hasOutput := c.count("output_tokens", usage, "completion_tokens", "output_tokens")
	if _, ok := c.count("total_tokens", usage, "total_tokens"); !ok && hasInput && hasOutput {
		c.Metrics["total_tokens"] = input + output
	}
	asked := object(first(usage, "prompt_tokens_details", "input_tokens_details"))
	if _, ok := c.count("cache_read_input_tokens", asked, "cached_tokens"); !ok {
		c.count("cache_read_input_tokens", usage, "prompt_cache_hit_tokens") // DeepSeek's
	}
	c.count("cache_write_input_tokens", asked, "cache_write_tokens", "cache_creation_tokens")
	answered := object(first(usage, "completion_tokens_details", "output_tokens_details"))
	c.count("reasoning_output_tokens", answered, "reasoning_tokens")
}

// anthropicUsage adds what was read from a cache and written to one: Anthropic's input_tokens are those beyond.
func (c *Call) anthropicUsage(usage map[string]any) {
	input, ok := c.count("input_tokens", usage, "input_tokens")
	read, _ := c.count("cache_read_input_tokens", usage, "cache_read_input_tokens")
	written, _ := c.count("cache_write_input_tokens", usage, "cache_creation_input_tokens")
	byAge := object(usage["cache_creation"])
	c.count("ephemeral_5m_input_tokens", byAge, "ephemeral_5m_input_tokens")
	c.count("ephemeral_1h_input_tokens", byAge, "ephemeral_1h_input_tokens")
	if ok {
		input += read + written
		c.Metrics["input_tokens"] = input
	}
	output, answered := c.count("output_tokens", usage, "output_tokens")
	if ok && answered {
		c.Metrics["total_tokens"] = input + output
	}
	c.count("reasoning_output_tokens", object(usage["output_tokens_details"]), "thinking_tokens", "reasoning_tokens")
}

// googleUsage adds what was thought to what was answered, and results of tools to what was asked.
func (c *Call) googleUsage(usage map[string]any) {
	input, asked := c.count("input_tokens", usage, "promptTokenCount")
	if tools, ok := number(usage["toolUsePromptTokenCount"]); ok && asked {
		input += tools
		c.Metrics["input_tokens"] = input
	}
	output, answered := c.count("output_tokens", usage, "candidatesTokenCount", "responseTokenCount")
	thought, thinks := c.count("reasoning_output_tokens", usage, "thoughtsTokenCount")
	if answered || thinks {
		output += thought
		c.Metrics["output_tokens"] = output
	}
	if _, ok := c.count("total_tokens", usage, "totalTokenCount"); !ok && asked && (answered || thinks) {
		c.Metrics["total_tokens"] = input + output
	}
	c.count("cache_read_input_tokens", usage, "cachedContentTokenCount")
}
