//! URLs as they may be shown: without user, password, and the values of the query.

use std::fmt::{self, Debug, Display};

/// A URL without its secrets: `http://…@host:8126/path?api_key=…`. It may be any text, also an invalid
/// URL.
///
/// What comes before an `@` is hidden, also if a password has a `/`, `?`, `#` or another `@` in it. The
/// path of a unix socket is shown as it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Url<T>(pub T);

impl<T: AsRef<str>> Display for Url<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&Parts::of(self.0.as_ref()).shown())
    }
}

impl<T: AsRef<str>> Debug for Url<T> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{:?}", self.to_string())
    }
}

/// Any text with the URLs in it as [`Url`] shows them.
pub fn without_secrets(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let in_scheme = |letter: char| letter.is_ascii_alphanumeric() || "+-.".contains(letter);
        let begin = rest[..at].rfind(|letter: char| !in_scheme(letter));
        let begin = begin.map_or(0, |at| at + rest[at..].chars().next().map_or(1, char::len_utf8));
        let ends = |letter: char| letter.is_whitespace() || "\"'`<>".contains(letter);
        let end = rest[at..].find(ends).map_or(rest.len(), |length| at + length);
        // These end the sentence that has the URL, not the URL.
        let url = rest[begin..end].trim_end_matches([')', ']', '.', ',', ';', ':', '!', '}']);
        // The bracket of `http://[::1]` belongs to the URL.
        let url = if url.contains('[') { &rest[begin..end] } else { url };
        out.push_str(&rest[..begin]);
        out.push_str(&Parts::of(url).shown());
        rest = &rest[begin + url.len()..];
    }
    out + rest
}

/// What a text has of a URL.
pub(crate) struct Parts<'a> {
    /// Up to `://`, or nothing.
    scheme: &'a str,
    /// What is before the `@`, if there is one.
    pub(crate) user_info: Option<&'a str>,
    /// Host, port and path.
    place: &'a str,
    /// What follows the `?`, up to the `#`.
    query: Option<&'a str>,
    has_fragment: bool,
}

impl<'a> Parts<'a> {
    pub(crate) fn of(text: &'a str) -> Self {
        let (scheme, rest) = match text.find("://") {
            _ if text.starts_with("unix:") => (text, ""),
            Some(at) if !text[..at].contains('@') => text.split_at(at + 3),
            _ => ("", text),
        };
        let end = rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len());
        let (authority, after) = rest.split_at(end);
        let host = last_at(authority).map_or(authority, |(_, host)| &authority[host..]);
        // A password may have a `/`, `?` or `#` in it: then the last `@` of all ends it.
        let cut = !is_host(host) || host.len() < end || host.contains(':');
        let at = match after.rfind('@').filter(|_| cut) {
            Some(at) => Some((end + at, end + at + 1)),
            None => last_at(authority),
        };
        let (user_info, rest) = match at {
            Some((end, begin)) => (Some(&rest[..end]), &rest[begin..]),
            None => (None, rest),
        };
        let (rest, fragment) = match rest.split_once('#') {
            Some((rest, fragment)) => (rest, Some(fragment)),
            None => (rest, None),
        };
        let (place, query) = match rest.split_once('?') {
            Some((place, query)) => (place, Some(query)),
            None => (rest, None),
        };
        Self { scheme, user_info, place, query, has_fragment: fragment.is_some() }
    }

    /// Names and values of the query; a name is empty where there is only a value.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&'a str, &'a str)> {
        let parts = self.query.into_iter().flat_map(|query| query.split(['&', ';']));
        parts.map(|part| part.split_once('=').unwrap_or(("", part)))
    }

    fn shown(&self) -> String {
        let mut out = self.scheme.to_owned();
        if self.user_info.is_some() {
            out.push_str("…@");
        }
        let end = self.place.find(['/', '\\']).unwrap_or(self.place.len());
        let (host, path) = self.place.split_at(end);
        match host.split_once(':').filter(|_| !is_host(host)) {
            // No port: more likely a password whose host was forgotten.
            Some((name, _)) => out.extend([name, ":…"]),
            None => out.push_str(host),
        }
        out.push_str(path);
        for (number, (name, value)) in self.pairs().enumerate() {
            out.push(if number == 0 { '?' } else { '&' });
            out.push_str(name);
            out.push_str(if name.is_empty() { "" } else { "=" });
            out.push_str(if value.is_empty() { "" } else { "…" });
        }
        out.push_str(if self.has_fragment { "#…" } else { "" });
        out
    }
}

/// Where the last `@` begins and ends, also one that is written with a percent sign.
fn last_at(authority: &str) -> Option<(usize, usize)> {
    let plain = authority.rfind('@').map(|at| (at, at + 1));
    plain.max(authority.rfind("%40").map(|at| (at, at + 3)))
}

/// Whether it is a name or an address, perhaps with a port.
fn is_host(text: &str) -> bool {
    let (name, port) = match text.rfind(']') {
        Some(end) if text.starts_with('[') => text.split_at(end + 1),
        _ => text.split_at(text.find(':').unwrap_or(text.len())),
    };
    let port = port.strip_prefix(':').unwrap_or(port);
    !name.is_empty()
        && !name.contains(char::is_whitespace)
        && port.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_is_not_shown() {
        for (url, shown) in [
            ("http://user:SECRET@host:8126/base", "http://…@host:8126/base"),
            ("http://SECRET@host", "http://…@host"),
            ("http://user:SEC@RET@host", "http://…@host"),
            ("http://user:SEC%40RET@host", "http://…@host"),
            ("http://user%3ASECRET%40host", "http://…@host"),
            ("http://user:SEC/RET@host/p", "http://…@host/p"),
            ("http://user:12/RET@host/p", "http://…@host/p"),
            ("http://user:SEC@x/RET@host", "http://…@host"),
            ("http://user:SEC?RET@host", "http://…@host"),
            ("http://user:SEC#RET@host", "http://…@host"),
            ("http://user:12?RET@host", "http://…@host"),
            ("http://user:SEC RET@host", "http://…@host"),
            ("http://user:SECRET@[::1]:80/", "http://…@[::1]:80/"),
            ("http://user:SECRET@[::1", "http://…@[:…"),
            ("http://user:SECRET", "http://user:…"),
            ("user:SEC@RET@host:8126", "…@host:8126"),
            ("user:SECRET@http://host", "…@http://host"),
            ("//user:SECRET@host", "…@host"),
            ("intake:http://user:SECRET@host", "intake:http://…@host"),
            ("http://host/p?api_key=SECRET&site=SECRET", "http://host/p?api_key=…&site=…"),
            ("http://host?SECRET", "http://host?…"),
            ("http://host/#token=SECRET", "http://host/#…"),
            ("http://host/?a=1#token=SECRET", "http://host/?a=…#…"),
        ] {
            assert_eq!(Url(url).to_string(), shown, "{url}");
            assert_eq!(format!("{:?}", Url(url)), format!("{shown:?}"));
        }
    }

    #[test]
    fn what_is_not_secret_is_shown() {
        for url in [
            "http://localhost:8126",
            "https://api.datadoghq.com/api/v2/llmobs",
            "http://[::1]:8126/base/",
            "http://host/@scope/name",
            "http://host/@scope",
            "unix:///var/run/a@b.sock",
            "localhost:8126",
            "datadog",
            "",
        ] {
            assert_eq!(Url(url).to_string(), url);
        }
    }

    #[test]
    fn urls_inside_a_text_are_shown_without_secrets() {
        for (text, shown) in [
            ("bad uri: http://u:SECRET@host/p, again", "bad uri: http://…@host/p, again"),
            ("`http://u:SECRET@host`: (http://host:1).", "`http://…@host`: (http://host:1)."),
            ("é://u:SECRET@h and https://a?k=SECRET", "é://…@h and https://a?k=…"),
            ("at http://[::1]:8126", "at http://[::1]:8126"),
            ("a@b.example wrote :// to c@d.example", "a@b.example wrote :// to c@d.example"),
        ] {
            assert_eq!(without_secrets(text), shown);
        }
    }
}
