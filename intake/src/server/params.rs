//! The query part of a URL.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;

use super::answer;
use crate::store::read;

/// Its keys and values, decoded; a key may come more than once.
pub(crate) struct Params(Vec<(String, String)>);

impl Params {
    /// Parses the text.
    pub(crate) fn parse(query: &str) -> Self {
        Self(form_urlencoded::parse(query.as_bytes()).into_owned().collect())
    }

    /// The last value of a key, unless that is empty.
    pub(crate) fn text(&self, key: &str) -> Option<String> {
        self.all(key).pop()
    }

    /// Every value of a key that is not empty.
    pub(crate) fn all(&self, key: &str) -> Vec<String> {
        let matching = self.0.iter().filter(|(name, value)| name == key && !value.is_empty());
        matching.map(|(_, value)| value.clone()).collect()
    }

    /// The value as a number; a 400 if it is not a number.
    pub(crate) fn number(&self, key: &str) -> Result<Option<f64>, Box<Response>> {
        let Some(text) = self.text(key) else { return Ok(None) };
        match text.parse::<f64>().ok().filter(|number| number.is_finite()) {
            Some(number) => Ok(Some(number)),
            None => Err(Box::new(answer::error(
                StatusCode::BAD_REQUEST,
                &format!("`{key}` must be a number, not `{text}`"),
            ))),
        }
    }

    /// How many: between 1 and a limit, cut to it.
    pub(crate) fn count(
        &self,
        key: &str,
        default: usize,
        limit: usize,
    ) -> Result<usize, Box<Response>> {
        let number = self.number(key)?;
        Ok(number.map_or(default, |number| (number as usize).clamp(1, limit)))
    }

    /// A cursor, as an answer gave it in `next`. Anything else is a 400: it would repeat the first page.
    pub(crate) fn cursor(&self, key: &str) -> Result<Option<String>, Box<Response>> {
        let Some(text) = self.text(key) else { return Ok(None) };
        if read::cursor(&text).is_some() {
            return Ok(Some(text));
        }
        let reason = format!(
            "`{key}` is `{text}`, which is not a valid cursor; use `next` of the previous page"
        );
        Err(Box::new(answer::error(StatusCode::BAD_REQUEST, &reason)))
    }

    /// Whether it is set to something that is not `0` or `false`.
    pub(crate) fn flag(&self, key: &str) -> bool {
        self.text(key).is_some_and(|value| value != "0" && value != "false")
    }
}

impl<S: Sync> FromRequestParts<S> for Params {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(Self::parse(parts.uri.query().unwrap_or_default()))
    }
}
