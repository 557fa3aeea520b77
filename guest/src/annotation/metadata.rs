//! Metadata: an object of any values, merged by key.

use super::fields::open_object;
use super::parser::Parser;
use super::path::Path;
use crate::error::Refused;
use witspan_json::{Members, Reader, Value};

impl Parser<'_> {
    pub(super) fn metadata<'a>(
        &mut self,
        value: Value<'a>,
        reader: &mut Reader<'a>,
        members: &mut Members,
    ) -> Result<(), Refused> {
        if !open_object(&Path::of("metadata"), value, "an object")? {
            return Ok(());
        }
        let mut first = true;
        while let Some(key) = reader.member(first)? {
            first = false;
            let value = reader.value()?;
            if key.is("_dd") {
                // The intake keeps its own things there.
                self.warn(
                    &Path::of("metadata._dd"),
                    format_args!("is a reserved name: it was left out"),
                );
                reader.skip(value)?;
                continue;
            }
            self.canonicalizer.write(reader, value, members.begin(key))?;
            members.end();
        }
        Ok(())
    }
}
