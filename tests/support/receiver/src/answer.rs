//! What a receiver does with one request.

/// An answer, or what stands for it.
#[derive(Debug, Clone)]
pub struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
    pub(crate) then: Then,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Then {
    Answer,
    /// Answers when the receiver is released; never, if it ends first.
    Hold,
    /// Closes the connection without an answer.
    Drop,
    /// Answers with the headers of the request.
    Echo,
}

impl Answer {
    /// A status, with an empty JSON object.
    pub fn status(status: u16) -> Answer {
        Answer { status, headers: Vec::new(), body: "{}".to_owned(), then: Then::Answer }
    }

    /// Has a header more.
    pub fn header(mut self, name: &str, value: &str) -> Answer {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Has another body.
    pub fn body(mut self, body: &str) -> Answer {
        body.clone_into(&mut self.body);
        self
    }

    /// This answer, but not before [`Receiver::release`](crate::Receiver::release).
    pub fn held(mut self) -> Answer {
        self.then = Then::Hold;
        self
    }

    /// No answer: the connection is closed.
    pub fn closed_connection() -> Answer {
        Answer { then: Then::Drop, ..Answer::status(0) }
    }

    /// An answer whose body repeats the request's headers, as some proxies' error pages do.
    pub fn echo(status: u16) -> Answer {
        Answer { then: Then::Echo, ..Answer::status(status) }
    }
}
