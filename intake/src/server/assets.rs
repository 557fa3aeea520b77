//! The page, out of the program itself.

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::answer;

/// Names and contents, in order of the names.
static ASSETS: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// Addresses at which the page shows itself; its script reads which.
pub(crate) fn is_page(path: &str) -> bool {
    let first = path.trim_matches('/').split('/').next().unwrap_or_default();
    matches!(first, "" | "trace" | "session" | "sessions" | "overview" | "compare" | "drops")
}

/// The page.
pub(crate) fn page(headers: &HeaderMap) -> Response {
    serve("index.html", headers)
}

/// One of its files.
pub(crate) async fn asset(Path(name): Path<String>, headers: HeaderMap) -> Response {
    serve(&name, &headers)
}

fn serve(name: &str, headers: &HeaderMap) -> Response {
    let Ok(place) = ASSETS.binary_search_by_key(&name, |(name, _)| *name) else {
        return answer::error(StatusCode::NOT_FOUND, &format!("the page has no `{name}`"));
    };
    let (name, bytes) = ASSETS[place];
    let kind = match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    };
    let tag = tag(bytes);
    let same = [(header::CACHE_CONTROL, "no-cache"), (header::ETAG, tag.as_str())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, same).into_response();
    }
    (StatusCode::OK, same, [(header::CONTENT_TYPE, kind)], bytes).into_response()
}

/// FNV-1a of the contents: names do not change when the program does, so browsers must ask.
fn tag(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("\"{hash:016x}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_is_inside_and_names_no_file_twice() {
        assert!(ASSETS.is_sorted_by(|(one, _), (other, _)| one < other));
        for name in ["index.html", "app.js", "chart.js"] {
            assert!(ASSETS.iter().any(|(known, _)| *known == name), "{name}");
        }
    }
}
