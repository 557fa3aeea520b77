//! The two contenders that are Rust: the core itself, and the same core as a component; beside them
//! what serde_json takes to write the event that the core makes, and nothing else.
//!
//! `witspan-benches spans` measures whole spans, `parts` each call by itself, `start` how long a
//! tracer takes to be ready, `count CONTENDER CASE SPANS` only makes spans, for an instruction
//! counter. Each prints JSON lines, which `benches/run.py` reads. Where spans go is said by the
//! environment, as for any application; it should be a sink on this machine.

mod component;
mod contender;
mod native;

use component::Component;
use contender::{Case, Contender};
use native::Native;
use serde_json::json;
use std::error::Error;
use std::time::Instant;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// The annotation that every contender of the benchmark is given.
const ANNOTATION: &str = include_str!("../../annotation.json");

/// Spans between two deliveries, which are not timed.
const BURST: usize = 500;
/// Bursts of each contender and case that one process measures.
const BURSTS: usize = 40;
/// Bursts before those, to warm up.
const UNTIMED: usize = 4;

fn main() -> Outcome<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["spans"] => spans(),
        ["parts"] => parts(),
        ["start"] => start(),
        ["count", who, case, spans] => count(who, case, spans.parse()?),
        _ => Err("usage: witspan-benches spans | parts | start | count native|component \
                  bare|annotated SPANS"
            .into()),
    }
}

/// The annotation on one line, as a binding would write it.
fn annotation() -> Outcome<String> {
    Ok(serde_json::from_str::<serde_json::Value>(ANNOTATION)?.to_string())
}

fn micros(began: Instant, calls: usize) -> f64 {
    began.elapsed().as_secs_f64() * 1e6 / calls as f64
}

fn one_span(contender: &mut impl Contender, case: Case, annotation: &str) -> Outcome<()> {
    let span = contender.start(case)?;
    if case == Case::Annotated {
        contender.annotate(span, annotation)?;
    }
    contender.finish(span)
}

/// One burst: µs a span. Delivery follows, off the measure.
fn burst(contender: &mut impl Contender, case: Case, annotation: &str) -> Outcome<f64> {
    let began = Instant::now();
    for _ in 0..BURST {
        one_span(contender, case, annotation)?;
    }
    let took = micros(began, BURST);
    contender.deliver()?;
    Ok(took)
}

/// How what serde_json takes is called in the results.
const PLAIN: &str = "serde_json";

/// One burst of bare writes of an event into a body that grows: µs a write.
fn plain_burst(event: &serde_json::Value, body: &mut Vec<u8>) -> Outcome<f64> {
    body.clear();
    let began = Instant::now();
    for _ in 0..BURST {
        serde_json::to_writer(&mut *body, std::hint::black_box(event))?;
    }
    std::hint::black_box(&body);
    Ok(micros(began, BURST))
}

/// Bursts of both contenders in turn, so that what else the machine does meets both.
fn spans() -> Outcome<()> {
    let annotation = annotation()?;
    let (mut native, mut component) = (Native::new()?, Component::new()?);
    for case in [Case::Bare, Case::Annotated] {
        let (mut natives, mut components, mut plains) = (Vec::new(), Vec::new(), Vec::new());
        one_span(&mut native, case, &annotation)?;
        let (event, mut body) = (native.event()?, Vec::new());
        for at in 0..UNTIMED + BURSTS {
            let took = burst(&mut native, case, &annotation)?;
            let beside = burst(&mut component, case, &annotation)?;
            let plain = plain_burst(&event, &mut body)?;
            if at >= UNTIMED {
                natives.push(took);
                components.push(beside);
                plains.push(plain);
            }
        }
        let found = [(Native::NAME, natives), (Component::NAME, components), (PLAIN, plains)];
        for (contender, bursts) in found {
            println!("{}", json!({"contender": contender, "case": case.name(), "us": bursts}));
        }
    }
    component.close()
}

/// Each call by itself: all spans of a burst are started, then annotated, then finished.
fn parts() -> Outcome<()> {
    let (mut native, mut component) = (Native::new()?, Component::new()?);
    parts_of(&mut native)?;
    parts_of(&mut component)?;
    component.close()
}

fn parts_of<C: Contender>(contender: &mut C) -> Outcome<()> {
    let annotation = annotation()?;
    for case in [Case::Bare, Case::Annotated] {
        let mut calls: [(&str, Vec<f64>); 5] =
            ["start", "annotate {}", "annotate", "finish", "finish again"].map(|n| (n, Vec::new()));
        for at in 0..UNTIMED + BURSTS {
            let mut took = [0.0; 5];
            let began = Instant::now();
            let open = (0..BURST).map(|_| contender.start(case)).collect::<Outcome<Vec<_>>>()?;
            took[0] = micros(began, BURST);
            if case == Case::Annotated {
                for (place, text) in [(1, "{}"), (2, annotation.as_str())] {
                    let began = Instant::now();
                    for span in &open {
                        contender.annotate(*span, text)?;
                    }
                    took[place] = micros(began, BURST);
                }
            }
            for place in [3, 4] {
                let began = Instant::now();
                for span in &open {
                    contender.finish(*span)?;
                }
                took[place] = micros(began, BURST);
            }
            contender.deliver()?;
            if at >= UNTIMED {
                calls.iter_mut().zip(took).for_each(|((_, all), one)| all.push(one));
            }
        }
        for (call, took) in calls.into_iter().filter(|(_, took)| took[0] > 0.0) {
            let line = json!({"contender": C::NAME, "case": case.name(), "call": call, "us": took});
            println!("{line}");
        }
    }
    Ok(())
}

/// How long a tracer takes to be ready: the first of this process, and later ones.
fn start() -> Outcome<()> {
    let mut took = Vec::new();
    for _ in 0..=BURSTS {
        let began = Instant::now();
        let component = Component::new()?;
        took.push(began.elapsed().as_secs_f64() * 1e3);
        component.close()?;
    }
    println!("{}", json!({"first_ms": took[0], "later_ms": took[1..]}));
    Ok(())
}

fn count(who: &str, case: &str, spans: usize) -> Outcome<()> {
    let case = Case::parse(case)?;
    match who {
        "native" => make(&mut Native::new()?, case, spans),
        "component" => {
            let mut component = Component::new()?;
            make(&mut component, case, spans)?;
            component.close()
        }
        other => Err(format!("`{other}` is no contender; there are: native, component").into()),
    }
}

fn make(contender: &mut impl Contender, case: Case, spans: usize) -> Outcome<()> {
    let annotation = annotation()?;
    for at in 1..=spans {
        one_span(contender, case, &annotation)?;
        if at % BURST == 0 {
            contender.deliver()?;
        }
    }
    contender.deliver()
}
