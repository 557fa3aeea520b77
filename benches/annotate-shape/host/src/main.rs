//! Measures from Rust: `shapes-host COMPONENT.cwasm SAMPLE.json KEPT`, where KEPT is written.

mod sample;

use sample::Annotation;
use shapes_host::{Instance, JsonText};
use std::hint::black_box;
use std::time::Instant;
use wasmtime::Result;

/// Odd, for a middle one. run.py runs the whole program several times, in turn with the others.
const ROUNDS: usize = 21;
/// Short, so that a machine that slows down slows every case down.
const ROUND_SECONDS: f64 = 0.004;

struct Bench {
    instance: Instance,
    annotation: Annotation,
    text: JsonText,
    texts: [JsonText; 5],
}

type Case = (&'static str, fn(&mut Bench) -> Result<()>);

const CASES: [Case; 7] = [
    ("records", |bench| {
        bench.annotation.with_records(&mut bench.text, |given| bench.instance.records(given))?;
        Ok(())
    }),
    ("texts", |bench| {
        let given = bench.annotation.texts(&mut bench.texts);
        bench.instance.texts(given)?;
        Ok(())
    }),
    ("text", |bench| {
        bench.annotation.text(&mut bench.text);
        bench.instance.text(bench.text.as_str())?;
        Ok(())
    }),
    ("texts: only writing", |bench| {
        black_box(bench.annotation.texts(&mut bench.texts));
        Ok(())
    }),
    ("text: only writing", |bench| {
        bench.annotation.text(&mut bench.text);
        black_box(bench.text.as_str());
        Ok(())
    }),
    ("u64", |bench| {
        let span = bench.instance.start()?;
        black_box(bench.instance.finish(span)?);
        Ok(())
    }),
    ("resource", |bench| {
        let span = bench.instance.resource_start()?;
        black_box(bench.instance.resource_finish(span)?);
        bench.instance.resource_drop(span)
    }),
];

fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [component, sample, kept] = arguments.as_slice() else {
        return Err(wasmtime::Error::msg("usage: shapes-host COMPONENT SAMPLE KEPT"));
    };
    let mut bench = Bench {
        instance: Instance::new(component)?,
        annotation: Annotation::read(&std::fs::read_to_string(sample)?),
        text: JsonText::default(),
        texts: Default::default(),
    };
    let mut same: Option<Vec<u8>> = None;
    for (name, call) in &CASES[..3] {
        call(&mut bench)?;
        let bytes = bench.instance.kept()?;
        assert!(same.as_ref().is_none_or(|same| *same == bytes), "{name} keeps other bytes");
        same = Some(bytes);
    }
    std::fs::write(kept, same.unwrap_or_default())?;

    let mut calls = [1u32; CASES.len()];
    let mut micros: [Vec<f64>; CASES.len()] = Default::default();
    // The first round only finds out how many calls fill a round.
    for round in 0..=ROUNDS {
        for (index, (_, call)) in CASES.iter().enumerate() {
            loop {
                let began = Instant::now();
                for _ in 0..calls[index] {
                    call(&mut bench)?;
                }
                let seconds = began.elapsed().as_secs_f64();
                if round > 0 {
                    micros[index].push(seconds / f64::from(calls[index]) * 1e6);
                } else if seconds < ROUND_SECONDS {
                    calls[index] *= 2;
                    continue;
                }
                break;
            }
        }
    }
    for ((name, _), micros) in CASES.iter().zip(&mut micros) {
        micros.sort_by(f64::total_cmp);
        println!("{name}\t{:.3}", micros[ROUNDS / 2]);
    }
    Ok(())
}
