//! Continuing a trace in another service: headers out, headers in.

use super::span_ref::SpanRef;
use super::{Pool, Reply};
use crate::error::Error;
use crate::instance::types::HeaderParam;

fn params<'a>(headers: &'a [(&'a str, &'a str)]) -> Vec<HeaderParam<'a>> {
    headers.iter().map(|(name, value)| HeaderParam { name, value }).collect()
}

impl Pool {
    pub(crate) fn inject(
        &self,
        span: SpanRef,
        headers: &[(&str, &str)],
    ) -> Reply<Vec<(String, String)>> {
        if span.is_none() {
            return Ok(Vec::new());
        }
        let mut shard = self.shard_of(span)?;
        let set =
            self.call(&mut shard, |instance| instance.inject(span.handle, &params(headers)))?;
        Ok(set.into_iter().map(|header| (header.name, header.value)).collect())
    }

    /// Any instance can do it, since only the headers matter.
    pub(crate) fn extract(&self, headers: &[(&str, &str)]) -> Reply<String> {
        let (_, mut shard) = self.any_shard();
        if self.is_closed() {
            return Err(Error::Off);
        }
        self.call(&mut shard, |instance| instance.extract(&params(headers)))
    }

    pub(crate) fn remote_of(&self, span: SpanRef) -> Reply<String> {
        if span.is_none() {
            return Err(Error::Off);
        }
        let mut shard = self.shard_of(span)?;
        self.call(&mut shard, |instance| instance.remote_of(span.handle))
    }
}
