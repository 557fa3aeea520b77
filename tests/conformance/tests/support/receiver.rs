//! A receiver that gives a case's answers, and what it got in the suite's form.

use anyhow::Result;
use witspan_conformance::{Answer, Sent};
use witspan_test_receiver::Received;

/// The headers that the core names; the host's own are not the suite's business.
const NAMED: [&str; 2] = ["content-type", "x-datadog-evp-subdomain"];

pub(crate) struct Receiver(witspan_test_receiver::Receiver);

impl Receiver {
    /// Gives these answers, then 202.
    pub(crate) fn start(answers: &[Answer]) -> Self {
        Receiver(witspan_test_receiver::Receiver::scripted(answers.iter().map(scripted)))
    }

    pub(crate) fn origin(&self) -> &str {
        self.0.origin()
    }

    /// All requests so far.
    pub(crate) fn sent(&self) -> Result<Vec<Sent>> {
        self.0.received().into_iter().map(sent).collect()
    }
}

fn scripted(answer: &Answer) -> witspan_test_receiver::Answer {
    use witspan_test_receiver::Answer;
    match answer.status {
        0 => Answer::closed_connection(),
        status => answer
            .headers
            .iter()
            .fold(Answer::status(status), |answer, (name, value)| answer.header(name, value)),
    }
}

fn sent(received: Received) -> Result<Sent> {
    let named = |(name, _): &(String, String)| NAMED.contains(&name.as_str());
    Ok(Sent {
        path: received.path,
        headers: received.headers.into_iter().filter(named).collect(),
        body: String::from_utf8(received.body)?,
    })
}
