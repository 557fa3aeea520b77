//! Which traces are sampled: by their root's tags, by a rate, or as another service decided.
//!
//! Source: ddtrace 4.16. The decision depends only on the trace's id and the rate, so every service
//! with the same rate decides the same.

use crate::error::Warning;
use crate::span::{Decision, Trace};
use std::rc::Rc;
use witspan_json::{Number, Reader, SyntaxError, Value, write_escaped};
use witspan_setup::Sampling;

#[derive(Debug)]
struct Rate {
    text: Rc<str>,
    /// Ids whose hash is not above this are sampled.
    bound: u64,
}

impl Rate {
    fn new(rate: f64) -> Self {
        // Six decimals at most, without trailing zeros, as it is sent.
        let millionths = (rate * 1e6 + 0.5) as u64;
        let text = match millionths {
            1_000_000.. => "1".to_owned(),
            _ => format!("0.{millionths:06}"),
        };
        let text = text.trim_end_matches('0').trim_end_matches('.');
        // The cast rounds the product to the nearest number and keeps within the bounds.
        Rate {
            text: text.into(),
            bound: if rate >= 1.0 { u64::MAX } else { (rate * u64::MAX as f64) as u64 },
        }
    }

    fn decide(&self, trace: &Trace) -> Decision {
        // Knuth's multiplicative hash, the same in all of Datadog's SDKs.
        let hash = (trace.apm_number() as u64).wrapping_mul(1_111_111_111_111_111_111);
        Decision { rate: self.text.clone(), sampled: hash <= self.bound }
    }
}

/// One rule: the rate, and globs of tags by their keys, escaped as tags are.
#[derive(Debug)]
struct Rule {
    rate: Rate,
    tags: Vec<(Vec<u8>, Vec<u8>)>,
}

/// The settings of sampling, as they are used.
#[derive(Debug)]
pub(crate) struct Sampler {
    rate: Rate,
    rules: Vec<Rule>,
    pub(crate) drop: bool,
}

impl Sampler {
    /// Takes the settings that are valid, with warnings about the others.
    pub(crate) fn new(settings: &Sampling) -> (Self, Vec<Warning>) {
        let mut warnings = Vec::new();
        let in_range = (0.0..=1.0).contains(&settings.rate);
        if !in_range {
            let what = format_args!("is not a number from 0 to 1: it counts as 1");
            warnings.push(Warning::of(&"sampling.rate", what));
        }
        let rate = Rate::new(if in_range { settings.rate } else { 1.0 });
        let mut sampler = Sampler { rate, rules: Vec::new(), drop: settings.drop };
        if !settings.rules.trim().is_empty()
            && let Err(error) = sampler.read_rules(&settings.rules, &mut warnings)
        {
            sampler.rules.clear();
            let what = format_args!("is {error}; accepted: a JSON list of rules. It is not used");
            warnings.push(Warning::of(&"sampling.rules", what));
        }
        (sampler, warnings)
    }

    fn read_rules(&mut self, text: &str, warnings: &mut Vec<Warning>) -> Result<(), SyntaxError> {
        let mut reader = Reader::new(text);
        let begun = reader.value()?;
        if !matches!(begun, Value::Array) {
            let what = format_args!("is {}; accepted: a list. It is not used", begun.describe());
            warnings.push(Warning::of(&"sampling.rules", what));
            return Ok(());
        }
        let mut at = 0;
        while reader.element(at == 0)? {
            let value = reader.value()?;
            let mut inside = reader;
            reader.skip(value)?;
            match read_rule(value, &mut inside)? {
                Some(rule) => self.rules.push(rule),
                None => {
                    let accepted =
                        "an object with `sample_rate`, a number, and `tags`, an object of texts";
                    let what = format_args!("is not a rule; accepted: {accepted}. It is not used");
                    warnings.push(Warning::of(&format_args!("sampling.rules[{at}]"), what));
                }
            }
            at += 1;
        }
        reader.end()
    }

    /// Whether the tags of a trace's root matter.
    pub(crate) fn has_rules(&self) -> bool {
        !self.rules.is_empty()
    }

    /// Decides for a trace whose root has these tags, each `key:value` with its key's length.
    pub(crate) fn decide(&self, trace: &Trace, tags: &[(usize, &[u8])]) -> Decision {
        let matches = |(key, glob): &(Vec<u8>, Vec<u8>)| {
            tags.iter().any(|(length, tag)| {
                tag.get(..*length) == Some(key)
                    && glob_matches(glob, tag.get(length + 1..).unwrap_or_default())
            })
        };
        let rule = self.rules.iter().find(|rule| rule.tags.iter().all(matches));
        rule.map_or(&self.rate, |rule| &rule.rate).decide(trace)
    }
}

fn read_rule<'a>(value: Value<'a>, reader: &mut Reader<'a>) -> Result<Option<Rule>, SyntaxError> {
    let Value::Object = value else { return Ok(None) };
    let (mut rate, mut tags, mut first) = (None, Vec::new(), true);
    let mut understood = true;
    while let Some(key) = reader.member(first)? {
        first = false;
        let value = reader.value()?;
        match value {
            Value::Number(Number::Integer(text) | Number::Float(text)) if key.is("sample_rate") => {
                rate = text.parse::<f64>().ok().map(|rate| rate.clamp(0.0, 1.0));
            }
            Value::Object if key.is("tags") => {
                let mut first = true;
                while let Some(key) = reader.member(first)? {
                    first = false;
                    let value = reader.value()?;
                    let Value::Text(glob) = value else {
                        understood = false;
                        reader.skip(value)?;
                        continue;
                    };
                    let (mut name, mut pattern) = (Vec::new(), Vec::new());
                    key.write(&mut name);
                    write_escaped(&mut pattern, glob.decode().as_bytes());
                    tags.push((name, pattern));
                }
            }
            other => {
                understood &= !key.is("sample_rate") && !key.is("tags");
                reader.skip(other)?;
            }
        }
    }
    let rate = rate.filter(|_| understood);
    Ok(rate.map(|rate| Rule { rate: Rate::new(rate), tags }))
}

/// Whether `text` matches `glob`: `*` is any text, `?` one character, and ASCII letters match in
/// either case.
fn glob_matches(glob: &[u8], text: &[u8]) -> bool {
    let (glob, text) = (String::from_utf8_lossy(glob), String::from_utf8_lossy(text));
    let glob: Vec<char> = glob.chars().map(|c| c.to_ascii_lowercase()).collect();
    let text: Vec<char> = text.chars().map(|c| c.to_ascii_lowercase()).collect();
    let (mut g, mut t) = (0, 0);
    // Where to try again if what follows the last star does not match.
    let mut again = None;
    while let Some(&character) = text.get(t) {
        match glob.get(g) {
            Some('*') => {
                again = Some((g + 1, t));
                g += 1;
            }
            Some(&wanted) if wanted == '?' || wanted == character => {
                g += 1;
                t += 1;
            }
            _ => {
                let Some((after_star, from)) = again else { return false };
                again = Some((after_star, from + 1));
                g = after_star;
                t = from + 1;
            }
        }
    }
    glob.get(g..).unwrap_or_default().iter().all(|rest| *rest == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs_match_whole_texts() {
        for (glob, text, expected) in [
            ("", "", true),
            ("prod*", "Production", true),
            ("prod", "production", false),
            ("*a?c*", "xxabcxx", true),
            ("a*b*c", "a-b-b-c", true),
            ("a*b*c", "a-b-b-", false),
            ("?", "é", true),
            ("*", "", true),
        ] {
            assert_eq!(glob_matches(glob.as_bytes(), text.as_bytes()), expected, "{glob} {text}");
        }
    }

    #[test]
    fn rates_are_written_short() {
        let texts: Vec<String> = [1.0, 0.0, 0.5, 0.1234567, 1e-7]
            .iter()
            .map(|r| Rate::new(*r).text.to_string())
            .collect();
        assert_eq!(texts, ["1", "0", "0.5", "0.123457", "0"]);
    }
}
