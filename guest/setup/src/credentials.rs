//! What only hosts do, and all in the same way: they write headers with secrets, and decide whether a
//! request goes through a proxy.

use crate::address::CredentialForm;
use base64::Engine;
use std::net::IpAddr;

impl CredentialForm {
    /// The header's text, from the secret.
    pub fn text(self, secret: &str) -> String {
        match self {
            CredentialForm::Plain => secret.to_owned(),
            CredentialForm::Basic => {
                // A user name alone has an empty password.
                let colon = if secret.contains(':') { "" } else { ":" };
                let user = [secret, colon].concat();
                ["Basic ", &base64::engine::general_purpose::STANDARD.encode(user)].concat()
            }
        }
    }
}

/// Whether a URL's host is this machine, which is reached without a proxy.
pub fn is_here(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next(),
        None => authority.split(':').next(),
    };
    let host = host.unwrap_or_default();
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_this_machine_are_recognized() {
        for url in
            ["http://localhost:1/x", "http://u:p@LOCALHOST", "http://[::1]:1", "http://127.9.9.9"]
        {
            assert!(is_here(url), "{url}");
        }
        for url in ["http://localhost.example", "http://h/@localhost", "http://[::2]", "http://h"] {
            assert!(!is_here(url), "{url}");
        }
    }

    #[test]
    fn a_user_name_becomes_basic_authentication() {
        assert_eq!(CredentialForm::Basic.text("u:p"), "Basic dTpw");
        assert_eq!(CredentialForm::Basic.text("u"), "Basic dTo=");
        assert_eq!(CredentialForm::Plain.text("k"), "k");
    }
}
