//! Makes text of others safe for a terminal, a log, or JSON that somebody prints.
//!
//! [`Shown`] escapes what would steer a terminal or forge a line of a log, [`json`] does the same in
//! JSON text, [`Url`] shows a URL without its secrets, and [`Secrets`] hides the secrets that a program
//! knows. The intake and the host library print all text of others through these.
#![deny(clippy::disallowed_macros, clippy::disallowed_methods)]

mod json;
mod secrets;
mod shown;
mod url;

pub use json::{json, json_bytes};
pub use secrets::Secrets;
pub use shown::{Shown, steers};
pub use url::{Url, without_secrets};
