//! Which certificates are trusted: those in `SSL_CERT_FILE`, for a company's proxy that intercepts
//! TLS, otherwise Mozilla's, which are built in.

use ureq::tls::{Certificate, PemItem, RootCerts, parse_pem};
use witspan_setup::{CERTIFICATE_FILE, UnusableFile};

/// The certificates in `SSL_CERT_FILE`; `None` if that is not set.
///
/// # Errors
/// The file cannot be used. There is no fallback: who names a file wants no other certificates
/// trusted.
pub(crate) fn named() -> Result<Option<RootCerts>, UnusableFile> {
    let Some(path) = std::env::var_os(CERTIFICATE_FILE).filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    let unusable = |why: String| {
        let path = path.to_string_lossy().into_owned();
        UnusableFile { variable: CERTIFICATE_FILE.to_owned(), path, why }
    };
    let pem = std::fs::read(&path).map_err(|error| unusable(error.to_string()))?;
    let certificates: Vec<Certificate<'static>> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    if certificates.is_empty() {
        return Err(unusable("it holds no PEM certificate".to_owned()));
    }
    Ok(Some(RootCerts::from(certificates)))
}
