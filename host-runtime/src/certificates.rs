//! Which certificates are trusted: those of `SSL_CERT_FILE`, where a company's proxy speaks for the
//! intake, else Mozilla's, which are built in.

use ureq::tls::{Certificate, PemItem, RootCerts, parse_pem};
use witspan_setup::{CERTIFICATE_FILE, UnusableFile};

/// The certificates of the file that is named; `None` if none is.
///
/// # Errors
/// What a person should know: nobody who names a file wants others to be trusted in its place.
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
