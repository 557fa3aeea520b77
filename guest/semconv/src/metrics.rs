//! Metrics: token counts, costs and times, and the attributes that hold them.

use crate::Attribute;

/// Each metric's name here, and its attributes.
pub const METRICS: &[(&str, Attribute)] = &[
    (
        "input_tokens",
        Attribute {
            written: "gen_ai.usage.input_tokens",
            read: &[
                "gen_ai.usage.input_tokens",
                "gen_ai.usage.prompt_tokens",
                "llm.token_count.prompt",
            ],
        },
    ),
    (
        "output_tokens",
        Attribute {
            written: "gen_ai.usage.output_tokens",
            read: &[
                "gen_ai.usage.output_tokens",
                "gen_ai.usage.completion_tokens",
                "llm.token_count.completion",
            ],
        },
    ),
    (
        "total_tokens",
        Attribute {
            written: "gen_ai.usage.total_tokens",
            read: &["gen_ai.usage.total_tokens", "llm.usage.total_tokens", "llm.token_count.total"],
        },
    ),
    (
        "cache_read_input_tokens",
        Attribute {
            written: "gen_ai.usage.cache_read.input_tokens",
            read: &[
                "gen_ai.usage.cache_read.input_tokens",
                "gen_ai.usage.cache_read_input_tokens",
                "llm.token_count.prompt_details.cache_read",
            ],
        },
    ),
    (
        "cache_write_input_tokens",
        Attribute {
            written: "gen_ai.usage.cache_creation.input_tokens",
            read: &[
                "gen_ai.usage.cache_creation.input_tokens",
                "gen_ai.usage.cache_creation_input_tokens",
                "llm.token_count.prompt_details.cache_write",
            ],
        },
    ),
    (
        "reasoning_output_tokens",
        Attribute {
            written: "gen_ai.usage.reasoning.output_tokens",
            read: &[
                "gen_ai.usage.reasoning.output_tokens",
                "gen_ai.usage.reasoning_tokens",
                "llm.token_count.completion_details.reasoning",
            ],
        },
    ),
    (
        "total_cost",
        Attribute { written: "gen_ai.usage.cost", read: &["gen_ai.usage.cost", "llm.cost.total"] },
    ),
    ("input_cost", Attribute { written: "llm.cost.prompt", read: &["llm.cost.prompt"] }),
    ("output_cost", Attribute { written: "llm.cost.completion", read: &["llm.cost.completion"] }),
    (
        "time_to_first_token",
        Attribute {
            written: "gen_ai.server.time_to_first_token",
            read: &["gen_ai.server.time_to_first_token"],
        },
    ),
];

/// An attribute whose name begins with one of these is a metric, too, if it is a number. The rest is the
/// name of the metric, with `_` for each dot.
pub const BELOW: &[&str] =
    &["gen_ai.usage.", "gen_ai.aggregated_usage.", "llm.token_count.", "llm.cost."];

/// JSON objects whose members are metrics, and how the name of each ends here.
pub const INSIDE: &[(&str, &str)] = &[
    ("langfuse.observation.usage_details", "_tokens"),
    ("langfuse.observation.cost_details", "_cost"),
];

/// The attribute to write the metric to: its own name where no row has it.
#[must_use]
pub fn written(name: &str) -> &str {
    let known = METRICS.iter().find(|(ours, _)| *ours == name);
    known.map_or(name, |(_, attribute)| attribute.written)
}

#[cfg(test)]
mod tests {
    use super::{METRICS, written};

    #[test]
    fn every_metric_is_read_back_from_what_is_written_for_it() {
        for (name, _) in METRICS {
            let attribute = written(name);
            let readers: Vec<&str> = (METRICS.iter())
                .filter(|(_, each)| each.read.contains(&attribute))
                .map(|(reader, _)| *reader)
                .collect();
            assert_eq!(readers, [*name], "{attribute}");
        }
    }

    #[test]
    fn an_attribute_belongs_to_one_metric_only() {
        let mut all: Vec<&str> = METRICS.iter().flat_map(|(_, each)| each.read).copied().collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
