//! Every captured program: the same events, except for what `differences.json` explains.

use std::process::ExitCode;
use witspan_compatibility::{Count, Ledger, compare, produce, programs};

/// Grows with the captures, so that an empty folder cannot pass.
const PROGRAMS: usize = 23;

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<bool> {
    let mut ledger = Ledger::read()?;
    let mut wrong = 0;
    let (mut lines, mut total) = (Vec::new(), Count::default());
    for program in programs()? {
        let name = format!("{}/{}", program.sdk, program.name);
        let compared = produce(&name, &program.scenario)
            .and_then(|produced| compare(&program, &produced, &mut ledger));
        let (count, unexplained) = match compared {
            Ok(compared) => compared,
            Err(error) => {
                println!("{name}: {error:#}");
                wrong += 1;
                continue;
            }
        };
        for found in &unexplained {
            let show = |value: &Option<serde_json::Value>| match value {
                Some(value) => value.to_string(),
                None => "nothing".to_owned(),
            };
            let (theirs, ours) = (show(&found.captured), show(&found.ours));
            println!("{name}: {}: {}: they {theirs}, we {ours}", found.of, found.field);
        }
        wrong += unexplained.len();
        total.compared += count.compared;
        total.equal += count.equal;
        total.on_purpose += count.on_purpose;
        lines.push((name, count));
    }
    for entry in ledger.needless() {
        println!("differences.json: explains nothing: {entry:?}");
        wrong += 1;
    }
    if lines.len() != PROGRAMS {
        println!("{} programs were compared instead of {PROGRAMS}", lines.len());
        wrong += 1;
    }
    lines.push(("all".to_owned(), total));
    println!("{:<32}{:>10}{:>10}{:>24}", "program", "compared", "equal", "different on purpose");
    for (name, count) in lines {
        println!("{name:<32}{:>10}{:>10}{:>24}", count.compared, count.equal, count.on_purpose);
    }
    Ok(wrong == 0)
}
