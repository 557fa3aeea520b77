//! The page, which is inside the program.

use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::answer;

/// Names and contents, in order of the names.
static ASSETS: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/assets.rs"));

/// For files that never change: browsers cache them for a year and do not revalidate them on reload.
const IMMUTABLE: &str = "private, max-age=31536000, immutable";

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
        return answer::error(StatusCode::NOT_FOUND, &format!("the page has no asset `{name}`"));
    };
    let (name, bytes) = ASSETS[place];
    let kind = match name.rsplit('.').next().unwrap_or_default() {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        _ => "text/plain; charset=utf-8",
    };
    // Names do not change when the program does, so browsers must ask; a font's has its version.
    let keeping = if kind == "font/woff2" { IMMUTABLE } else { "no-cache" };
    let tag = tag(bytes);
    let same = [(header::CACHE_CONTROL, keeping), (header::ETAG, tag.as_str())];
    if headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, same).into_response();
    }
    (StatusCode::OK, same, [(header::CONTENT_TYPE, kind)], bytes).into_response()
}

/// FNV-1a of the contents.
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
        for name in ["index.html", "app.js", "chart.js", "fonts/inter-license.txt"] {
            assert!(ASSETS.iter().any(|(known, _)| *known == name), "{name}");
        }
    }

    #[test]
    fn every_file_that_the_page_and_its_styles_name_is_inside() {
        let mut named = 0;
        for (of, text) in ASSETS.iter().filter(|(name, _)| is_text(name)) {
            let text = std::str::from_utf8(text).expect("the page is UTF-8");
            for rest in text.split("\"/assets/").skip(1) {
                let name = rest.split('"').next().unwrap_or_default();
                assert!(ASSETS.iter().any(|(known, _)| *known == name), "{of} names {name}");
                named += 1;
            }
        }
        assert!(named > 10, "{named}");
    }

    fn is_text(name: &str) -> bool {
        name.ends_with(".html") || name.ends_with(".css")
    }
}
