//! Hides the secrets that a program knows in any text, such as an error of another program: keys, tokens,
//! passwords.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::url::{Parts, Url, without_secrets};

/// Shorter texts are not hidden: they are parts of many words, which would become unreadable.
const SHORTEST: usize = 4;
/// A value of a URL's query is secret if its name has one of these in it.
const NAMES: [&str; 7] = ["key", "token", "secret", "pass", "pwd", "auth", "sig"];

/// Texts that [`Secrets::hide`] takes out of others.
#[derive(Clone, Default)]
pub struct Secrets {
    /// Each with the text that replaces it, the longest first.
    known: Vec<(String, String)>,
}

impl Secrets {
    /// A key or token, and the text that replaces it, such as `(the API key)`.
    pub fn add(&mut self, secret: &str, instead: &str) {
        let secret = secret.trim();
        if secret.len() >= SHORTEST && secret != instead {
            self.known.push((secret.to_owned(), instead.to_owned()));
            self.known.sort_by_key(|(secret, _)| std::cmp::Reverse(secret.len()));
        }
    }

    /// A URL, whose user, password and keys are secret, in every form in which they travel.
    pub fn add_url(&mut self, url: &str) {
        let parts = Parts::of(url);
        let values = parts.pairs().filter(|(name, _)| {
            let name = name.to_ascii_lowercase();
            NAMES.iter().any(|part| name.contains(part))
        });
        for (_, value) in values {
            self.add(value, "…");
            self.add(&decoded(value), "…");
        }
        if let Some(user_info) = parts.user_info {
            for user_info in [user_info.to_owned(), decoded(user_info)] {
                let (user, password) = user_info.split_once(':').unwrap_or((&user_info, ""));
                // As the header of a request has it.
                self.add(&STANDARD.encode(format!("{user}:{password}")), "…");
                self.add(&format!("{user_info}@"), "…@");
                let secret = if password.is_empty() { user } else { password };
                self.add(secret, "…");
                self.add(&user_info, "…");
            }
        }
        self.add(url, &Url(url).to_string());
    }

    /// A text of others without the secrets that are known here, and without those of URLs in it.
    pub fn hide(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (secret, instead) in &self.known {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), instead);
            }
        }
        without_secrets(&text)
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Secrets({})", self.known.len())
    }
}

/// A text whose percent-encoding is decoded.
fn decoded(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        let digits =
            more.get(..2).filter(|_| *first == b'%').and_then(|two| str::from_utf8(two).ok());
        let byte = digits.and_then(|two| u8::from_str_radix(two, 16).ok());
        out.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &more[2..] } else { more };
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_known_is_hidden_in_every_form() {
        let mut secrets = Secrets::default();
        secrets.add("0123456789abcdef", "(the API key)");
        for part_of_words in ["", "k", "the"] {
            secrets.add(part_of_words, "nothing");
        }
        secrets.add_url("http://user:pa%40ss word@host:8126/p?api_key=KEYKEY&x=lots");
        for (said, shown) in [
            ("key 0123456789abcdef!", "key (the API key)!"),
            ("bad uri: http://user:pa%40ss word@host:8126/p", "bad uri: http://…@host:8126/p"),
            ("Authorization: Basic dXNlcjpwYSU0MHNzIHdvcmQ=", "Authorization: Basic …"),
            ("Authorization: Basic dXNlcjpwYUBzcyB3b3Jk", "Authorization: Basic …"),
            ("the password pa@ss word is wrong", "the password … is wrong"),
            ("KEYKEY has lots of friends, user", "… has lots of friends, user"),
        ] {
            assert_eq!(secrets.hide(said), shown);
        }
        assert_eq!(format!("{secrets:?}"), "Secrets(12)");
    }

    #[test]
    fn without_known_secrets_nothing_changes() {
        assert_eq!(Secrets::default().hide("user:pass 100%"), "user:pass 100%");
        let mut plain = Secrets::default();
        plain.add_url("http://localhost:8126");
        assert_eq!(plain.hide("http://localhost:8126 is gone"), "http://localhost:8126 is gone");
    }
}
