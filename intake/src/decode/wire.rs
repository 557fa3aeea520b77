//! Protobuf's framing: the parts of a message, found without reading what they hold.

use prost::encoding::{WireType, decode_key, decode_varint};

/// One field: its number, and its bytes where it has a length.
pub(crate) struct Field<'a> {
    pub(crate) number: u32,
    pub(crate) bytes: Option<&'a [u8]>,
}

/// The message ends too early, or is not one.
#[derive(Debug)]
pub(crate) struct Broken;

/// The fields of a message, up to the first error.
pub(crate) fn fields(mut message: &[u8]) -> impl Iterator<Item = Result<Field<'_>, Broken>> {
    let mut broken = false;
    std::iter::from_fn(move || {
        if broken || message.is_empty() {
            return None;
        }
        let field = next(&mut message);
        broken = field.is_none();
        Some(field.ok_or(Broken))
    })
}

fn next<'a>(message: &mut &'a [u8]) -> Option<Field<'a>> {
    let (number, kind) = decode_key(message).ok()?;
    let bytes = match kind {
        WireType::Varint => {
            decode_varint(message).ok()?;
            None
        }
        WireType::ThirtyTwoBit => {
            *message = message.get(4..)?;
            None
        }
        WireType::SixtyFourBit => {
            *message = message.get(8..)?;
            None
        }
        WireType::LengthDelimited => {
            let length = usize::try_from(decode_varint(message).ok()?).ok()?;
            let (bytes, rest) = message.split_at_checked(length)?;
            *message = rest;
            Some(bytes)
        }
        // Groups: deprecated before OpenTelemetry began, so that none of its messages has them.
        WireType::StartGroup | WireType::EndGroup => return None,
    };
    Some(Field { number, bytes })
}
