//! Which certificates are trusted: those of a file that the environment names, where a company's proxy
//! speaks for the receiver, else Mozilla's, which are built in.

use ureq::tls::{Certificate, PemItem, RootCerts, parse_pem};
use witspan_setup::{CERTIFICATE_FILE, UnusableFile};

/// Certificates that are trusted in place of the built-in ones.
pub(crate) struct Named {
    pub(crate) path: String,
    pub(crate) count: usize,
    pub(crate) roots: RootCerts,
}

/// The certificates of the file that is named; `None` if none is.
///
/// # Errors
/// The file cannot be used. There is no fallback: whoever names a file trusts no others.
pub(crate) fn named() -> Result<Option<Named>, UnusableFile> {
    let Some(path) = std::env::var_os(CERTIFICATE_FILE).filter(|path| !path.is_empty()) else {
        return Ok(None);
    };
    let shown = path.to_string_lossy().into_owned();
    let unusable = |why: String| {
        let variable = CERTIFICATE_FILE.to_owned();
        UnusableFile { variable, path: shown.clone(), why }
    };
    let pem = std::fs::read(&path).map_err(|error| unusable(error.to_string()))?;
    let certificates: Vec<Certificate<'static>> = parse_pem(&pem)
        .filter_map(|item| match item {
            Ok(PemItem::Certificate(certificate)) => Some(certificate),
            _ => None,
        })
        .collect();
    let count = certificates.len();
    if count == 0 {
        return Err(unusable("it holds no PEM certificate".to_owned()));
    }
    Ok(Some(Named { path: shown, count, roots: RootCerts::from(certificates) }))
}
