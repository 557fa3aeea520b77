//! Request bodies: read within a time and a budget, inflated within a limit.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, header};
use http_body_util::{BodyExt, Limited};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Bytes of a body as it comes; Datadog's SDKs stop at 5 MiB.
pub(crate) const LIMIT: usize = 16 * 1024 * 1024;
/// Bytes of a body once inflated.
pub(crate) const INFLATED: usize = 32 * 1024 * 1024;
/// KiB of all bodies that are being read or wait to be decoded.
const BUDGET: usize = 96 * 1024;
/// How long a body may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Bounds what unfinished requests hold.
pub(crate) struct Budget {
    bytes: Arc<Semaphore>,
    /// Decoding makes many times a body's size of it for a moment: so few at a time.
    decoding: Arc<Semaphore>,
}

impl Default for Budget {
    fn default() -> Self {
        Self { bytes: Arc::new(Semaphore::new(BUDGET)), decoding: Arc::new(Semaphore::new(2)) }
    }
}

/// Why a body was not read.
pub(crate) enum Unread {
    /// 413
    TooLarge(String),
    /// 415
    Unsupported(String),
    /// 400
    Broken(String),
    /// 408
    Slow,
    /// 429
    Busy,
}

/// A body, with its place in the budget.
pub(crate) struct Raw {
    pub(crate) bytes: Bytes,
    _place: OwnedSemaphorePermit,
}

impl Budget {
    /// Reads a body as it comes.
    pub(crate) async fn read(&self, headers: &HeaderMap, body: Body) -> Result<Raw, Unread> {
        let announced = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        let too_large =
            || Unread::TooLarge(format!("the body is larger than {} MiB", LIMIT / 1024 / 1024));
        let length = announced.unwrap_or(LIMIT);
        if length > LIMIT {
            return Err(too_large());
        }
        let place = u32::try_from(length / 1024 + 1).unwrap_or(u32::MAX);
        let place = self.bytes.clone().try_acquire_many_owned(place).map_err(|_| Unread::Busy)?;
        let whole = tokio::time::timeout(PATIENCE, Limited::new(body, LIMIT).collect()).await;
        match whole {
            Ok(Ok(whole)) => Ok(Raw { bytes: whole.to_bytes(), _place: place }),
            Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(too_large()),
            Ok(Err(error)) => Err(Unread::Broken(format!("the body broke off: {error}"))),
            Err(_) => Err(Unread::Slow),
        }
    }

    /// Waits for a turn to decode.
    pub(crate) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        self.decoding.clone().acquire_owned().await.ok()
    }
}

/// The body without its content encoding.
pub(crate) fn inflate(headers: &HeaderMap, bytes: &Bytes) -> Result<Bytes, Unread> {
    let encoding = headers.get(header::CONTENT_ENCODING).map(|value| value.to_str());
    let Some(encoding) = encoding else { return Ok(bytes.clone()) };
    let encoding = encoding.unwrap_or("that is no text").trim().to_ascii_lowercase();
    let bytes = &bytes[..];
    match encoding.as_str() {
        "" | "identity" => Ok(Bytes::copy_from_slice(bytes)),
        "gzip" | "x-gzip" => limited(flate2::read::MultiGzDecoder::new(bytes)),
        "deflate" => limited(flate2::read::ZlibDecoder::new(bytes)),
        "zstd" => {
            let decoder = zstd::Decoder::with_buffer(bytes)
                .map_err(|error| Unread::Broken(format!("cannot inflate the body: {error}")))?;
            limited(decoder)
        }
        other => Err(Unread::Unsupported(format!(
            "the content encoding `{other}` is not `gzip`, `deflate` or `zstd`"
        ))),
    }
}

fn limited(reader: impl Read) -> Result<Bytes, Unread> {
    let mut inflated = Vec::new();
    match reader.take(INFLATED as u64 + 1).read_to_end(&mut inflated) {
        Ok(length) if length > INFLATED => {
            let limit = INFLATED / 1024 / 1024;
            Err(Unread::TooLarge(format!("the inflated body is larger than {limit} MiB")))
        }
        Ok(_) => Ok(inflated.into()),
        Err(error) => Err(Unread::Broken(format!("cannot inflate the body: {error}"))),
    }
}
