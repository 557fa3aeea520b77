//! Every case through the Rust host: the component, the worker, and a real HTTP receiver.

use anyhow::{Result, ensure};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use witspan::{Clock, Config, IntakeFormat, Parent, SpanKind, SpanOption, SpanRef, Tracer};
use witspan_conformance::{
    Case, Counters, Failure, Format, START_NS, Sent, Start, Subject, chapters, check_all,
};

const KINDS: [SpanKind; 7] = [
    SpanKind::Llm,
    SpanKind::Workflow,
    SpanKind::Agent,
    SpanKind::Tool,
    SpanKind::Task,
    SpanKind::Embedding,
    SpanKind::Retrieval,
];

/// The headers that the core names; the host's own are not the suite's business.
const NAMED: [&str; 2] = ["content-type", "x-datadog-evp-subdomain"];

/// A receiver that answers 202 to everything and remembers it.
struct Receiver {
    origin: String,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl Receiver {
    fn start() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let origin = format!("http://{}", listener.local_addr()?);
        let sent = Arc::new(Mutex::new(Vec::new()));
        let record = sent.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let record = record.clone();
                // A connection that ends is the sender's business.
                std::thread::spawn(move || {
                    while let Ok(Some(one)) = receive(&stream) {
                        record.lock().unwrap().push(one);
                        if (&stream)
                            .write_all(b"HTTP/1.1 202 Accepted\r\ncontent-length: 0\r\n\r\n")
                            .is_err()
                        {
                            break;
                        }
                    }
                });
            }
        });
        Ok(Receiver { origin, sent })
    }
}

/// One request of a connection; `None` at its end.
fn receive(stream: &TcpStream) -> Result<Option<Sent>> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    if reader.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    let mut sent = Sent { path, headers: Default::default(), body: String::new() };
    let mut length = 0;
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        let name = name.to_ascii_lowercase();
        if name == "content-length" {
            length = value.parse()?;
        } else if NAMED.contains(&name.as_str()) {
            sent.headers.insert(name, value.to_owned());
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    sent.body = String::from_utf8(body)?;
    Ok(Some(sent))
}

struct Host {
    tracer: Tracer,
    clock: Clock,
    receiver: Receiver,
}

impl Host {
    fn new(case: &Case, format: Format) -> Result<Self> {
        let receiver = Receiver::start()?;
        let clock = Clock::fixed(START_NS);
        let mut config = Config::default();
        config.ml_app = case.settings.app().to_owned();
        config.service.clone_from(&case.settings.service);
        config.env.clone_from(&case.settings.env);
        config.version.clone_from(&case.settings.version);
        config.tags = case.settings.tags.clone().into_iter().collect();
        config.language = "python".to_owned();
        config.clock = clock.clone();
        config.api_key = Some("key".to_owned());
        config.override_origin = Some(receiver.origin.clone());
        let (agentless, intake) = match format {
            Format::PublicApi => (true, IntakeFormat::PublicApi),
            Format::SdkIntake => (false, IntakeFormat::SdkIntake),
        };
        config.agentless = Some(agentless);
        config.intake = Some(intake);
        Ok(Host { tracer: Tracer::start(config)?, clock, receiver })
    }
}

impl Subject for Host {
    type Span = SpanRef;

    fn start(
        &mut self,
        kind: usize,
        start: &Start<'_>,
        current: Option<SpanRef>,
    ) -> Result<SpanRef> {
        let options = [
            start.session_id.map(SpanOption::SessionId),
            start.ml_app.map(SpanOption::MlApp),
            start.model_name.map(SpanOption::ModelName),
            start.model_provider.map(SpanOption::ModelProvider),
        ];
        let options: Vec<SpanOption<'_>> = options.into_iter().flatten().collect();
        let parent = current.map_or(Parent::Root, Parent::Current);
        Ok(self.tracer.start_span(KINDS[kind], parent, start.name, &options)?)
    }

    fn annotate(&mut self, span: SpanRef, json: &str) -> Result<Option<String>> {
        match self.tracer.annotate(span, json) {
            Ok(_) => Ok(None),
            Err(witspan::Error::InvalidArgument { message, .. }) => Ok(Some(message)),
            Err(witspan::Error::SpanFinished) => Ok(Some(String::new())),
            Err(error) => Err(error.into()),
        }
    }

    fn advance(&mut self, ns: u64) {
        self.clock.advance(ns);
    }

    fn finish(&mut self, span: SpanRef, failure: Option<&Failure>) -> Result<Option<SpanRef>> {
        let failure = failure.map(|failure| witspan::Failure {
            message: &failure.message,
            error_type: &failure.error_type,
            stack: &failure.stack,
        });
        Ok(self.tracer.finish(span, failure, None))
    }

    fn abandon(&mut self, span: SpanRef) -> Result<()> {
        self.tracer.abandon(span);
        Ok(())
    }

    fn export(&mut self, span: SpanRef) -> Result<(String, String)> {
        let context = self.tracer.export_span(span)?;
        Ok((context.span_id, context.trace_id))
    }

    fn flush(&mut self) -> Result<(Vec<Sent>, Counters)> {
        let flushed = self.tracer.flush(Duration::from_secs(20));
        ensure!(flushed.settled, "the flush was not settled: {flushed:?}");
        let statistics = flushed.statistics;
        let mut counters = Counters::from([
            ("accepted".to_owned(), statistics.accepted),
            ("open".to_owned(), statistics.open),
            ("delivered".to_owned(), statistics.delivered),
            ("annotations_rejected".to_owned(), statistics.annotations_rejected),
            ("warnings".to_owned(), statistics.warnings),
        ]);
        for (reason, spans) in statistics.dropped() {
            counters.insert(format!("dropped {}", witspan::reason_name(reason)), spans);
        }
        counters.retain(|_, count| *count > 0);
        Ok((self.receiver.sent.lock().unwrap().clone(), counters))
    }
}

#[test]
fn the_host_sends_every_cases_bytes() {
    let expected: usize = chapters().unwrap().iter().map(|(_, chapter)| chapter.cases.len()).sum();
    assert_eq!(check_all(Host::new).unwrap(), expected);
}
