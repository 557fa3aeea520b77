//! The ids of traces, as numbers and as text.

/// The id of a trace and its text: 32 hexadecimal digits, or, as Datadog's SDKs have it, decimal
/// if it fits 64 bits.
#[derive(Debug)]
pub struct Id {
    number: u128,
    text: [u8; 32],
    length: u8,
}

impl Id {
    /// The number.
    pub fn number(&self) -> u128 {
        self.number
    }

    /// The id of a trace that is continued here.
    pub fn new(number: u128) -> Self {
        let mut text = [b'0'; 32];
        if let Ok(small) = u64::try_from(number) {
            let mut buffer = itoa::Buffer::new();
            let digits = buffer.format(small).as_bytes();
            for (place, digit) in text.iter_mut().zip(digits) {
                *place = *digit;
            }
            return Id { number, text, length: u8::try_from(digits.len()).unwrap_or(0) };
        }
        Id::hexadecimal(number)
    }

    /// The id of a trace that begins here, which is hexadecimal whatever its size.
    #[inline(always)]
    pub fn hexadecimal(number: u128) -> Self {
        let text = witspan_json::hexadecimal(number);
        Id { number, text, length: 32 }
    }

    /// As it is sent.
    pub fn text(&self) -> &[u8] {
        self.text.get(..usize::from(self.length)).unwrap_or_default()
    }
}

/// The text of the id of a trace of this number.
pub fn id_text(number: u128) -> String {
    String::from_utf8_lossy(Id::new(number).text()).into_owned()
}

/// The number that up to 32 hexadecimal digits say.
pub(crate) fn number(digits: &[u8]) -> Option<u128> {
    let text = std::str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'))?;
    u128::from_str_radix(text, 16).ok()
}
