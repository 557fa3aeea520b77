curl http://127.0.0.1:8126/api/intake/llm-obs/v1/trace/spans \
  -H 'content-type: application/json' -d @- <<END
{"data": {"type": "span", "attributes": {"ml_app": "my-app", "spans": [{
  "trace_id": "$(date +%s)$$", "span_id": "$(date +%s)$$", "parent_id": "undefined",
  "name": "ask", "start_ns": $(date +%s)000000000, "duration": 250000000,
  "meta": {"kind": "llm",
    "input": {"messages": [{"role": "user", "content": "Why is the sky blue?"}]},
    "output": {"messages": [{"role": "assistant", "content": "Rayleigh scattering."}]}},
  "metrics": {"input_tokens": 6, "output_tokens": 4}}]}}}
END
