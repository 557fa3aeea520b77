//! Request bodies: read within a time and a budget, inflated within a limit.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, header};
use http_body_util::BodyExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout};

use crate::memory::{self, Room};

/// Bytes of a body as it comes: OpenTelemetry's batch of 512 spans with 100 KB in each, and some more.
pub(crate) const LIMIT: usize = 64 * 1024 * 1024;
/// Bytes of a body once inflated.
pub(crate) const INFLATED: usize = 64 * 1024 * 1024;
/// Bytes up to which bodies are read side by side; only one at a time may have more.
const SMALL: usize = 8 * 1024 * 1024;
/// Bytes of all these together, counted as they come.
const BUDGET: usize = 64 * 1024 * 1024;
/// Bytes that are counted at a time.
const STEP: usize = 64 * 1024;
/// How long the reading of a body may take, and how long nothing of it may come.
const PATIENCE: Duration = Duration::from_secs(60);
const SILENCE: Duration = Duration::from_secs(10);
/// How long a body waits for room among the small ones, and how long to be the large one.
const ROOM: Duration = Duration::from_secs(2);
const TURN: Duration = Duration::from_secs(30);
/// Requests decoded at a time.
const DECODING: usize = 3;

/// Bounds the memory of unfinished requests.
pub(crate) struct Budget {
    small: Arc<Semaphore>,
    large: Arc<Semaphore>,
    decoding: Arc<Semaphore>,
}

impl Default for Budget {
    fn default() -> Self {
        let places = |count| Arc::new(Semaphore::new(count));
        Self { small: places(BUDGET / STEP), large: places(1), decoding: places(DECODING) }
    }
}

/// Why a body was not read.
#[derive(Debug)]
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
    pub(crate) bytes: Vec<u8>,
    place: Place,
}

/// A body as the decoder reads it.
pub(crate) struct Inflated {
    pub(crate) bytes: Vec<u8>,
    _place: Option<Place>,
    _room: Option<Room>,
}

/// A body's share of the budget.
#[derive(Default)]
struct Place {
    steps: usize,
    small: Option<OwnedSemaphorePermit>,
    large: Option<OwnedSemaphorePermit>,
}

impl Budget {
    /// Reads a body as it arrives. An announced length reserves no memory until its bytes arrive.
    pub(crate) async fn read(&self, headers: &HeaderMap, mut body: Body) -> Result<Raw, Unread> {
        let too_large =
            || Unread::TooLarge(format!("the body is larger than {} MiB", LIMIT / 1024 / 1024));
        let announced = headers
            .get(header::CONTENT_LENGTH)
            .and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
        if announced.is_some_and(|length| length > LIMIT) {
            return Err(too_large());
        }
        let mut raw = Raw { bytes: Vec::new(), place: Place::default() };
        let mut patience = PATIENCE;
        loop {
            let asked = Instant::now();
            let frame = timeout(SILENCE.min(patience), body.frame()).await;
            // Time spent waiting for memory is not counted against the sender.
            patience = patience.saturating_sub(asked.elapsed());
            let data = match frame {
                Ok(None) => return Ok(raw),
                Ok(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
                Ok(Some(Err(error))) => {
                    return Err(Unread::Broken(format!(
                        "the connection closed before the end of the body: {error}"
                    )));
                }
                Err(_) => return Err(Unread::Slow),
            };
            let length = raw.bytes.len() + data.len();
            if length > LIMIT {
                return Err(too_large());
            }
            self.cover(&mut raw.place, length).await?;
            raw.bytes.try_reserve(data.len()).map_err(|_| Unread::Busy)?;
            raw.bytes.extend_from_slice(&data);
        }
    }

    /// Has the place cover so many bytes.
    async fn cover(&self, place: &mut Place, length: usize) -> Result<(), Unread> {
        let steps = length.min(SMALL).div_ceil(STEP);
        if steps > place.steps {
            let more = u32::try_from(steps - place.steps).unwrap_or(u32::MAX);
            let more = timeout(ROOM, self.small.clone().acquire_many_owned(more)).await;
            let Ok(Ok(more)) = more else { return Err(Unread::Busy) };
            match &mut place.small {
                Some(small) => small.merge(more),
                none => *none = Some(more),
            }
            place.steps = steps;
        }
        if length > SMALL && place.large.is_none() {
            let turn = timeout(TURN, self.large.clone().acquire_owned()).await;
            let Ok(Ok(turn)) = turn else { return Err(Unread::Busy) };
            place.large = Some(turn);
        }
        Ok(())
    }

    /// Waits for a turn to decode.
    pub(crate) async fn turn(&self) -> Option<OwnedSemaphorePermit> {
        self.decoding.clone().acquire_owned().await.ok()
    }
}

/// The body without its content encoding.
pub(crate) fn inflate(headers: &HeaderMap, raw: Raw) -> Result<Inflated, Unread> {
    let encoding = headers.get(header::CONTENT_ENCODING).map(|value| value.to_str());
    let encoding = encoding.unwrap_or(Ok("")).unwrap_or("not ASCII text");
    let broken = |error| Unread::Broken(format!("cannot inflate the body: {error}"));
    let bytes = &raw.bytes[..];
    match encoding.trim().to_ascii_lowercase().as_str() {
        "" | "identity" => Ok(Inflated { bytes: raw.bytes, _place: Some(raw.place), _room: None }),
        "gzip" | "x-gzip" => limited(flate2::read::MultiGzDecoder::new(bytes)),
        "deflate" => limited(flate2::read::ZlibDecoder::new(bytes)),
        "zstd" => {
            let mut decoder = zstd::Decoder::with_buffer(bytes).map_err(broken)?;
            // No frame may ask for more than an inflated body has.
            decoder.window_log_max(INFLATED.ilog2()).map_err(broken)?;
            limited(decoder)
        }
        other => Err(Unread::Unsupported(format!(
            "the content encoding `{other}` is not `gzip`, `deflate` or `zstd`"
        ))),
    }
}

fn limited(mut reader: impl Read) -> Result<Inflated, Unread> {
    let mut inflated = Inflated { bytes: Vec::new(), _place: None, _room: None };
    let mut piece = vec![0; STEP];
    loop {
        let length = match reader.read(&mut piece) {
            Ok(0) => return Ok(inflated),
            Ok(length) => length,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => {
                return Err(Unread::Broken(format!("cannot inflate the body: {error}")));
            }
        };
        let whole = inflated.bytes.len() + length;
        if whole > INFLATED {
            let limit = INFLATED / 1024 / 1024;
            return Err(Unread::TooLarge(format!("the inflated body is larger than {limit} MiB")));
        }
        if whole > SMALL && inflated._room.is_none() {
            inflated._room = Some(memory::to_hold(INFLATED).map_err(|_| Unread::Busy)?);
        }
        inflated.bytes.try_reserve(length).map_err(|_| Unread::Busy)?;
        inflated.bytes.extend_from_slice(&piece[..length]);
    }
}
