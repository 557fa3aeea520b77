//! Every case against the native core, and the suite's own promises.

use std::collections::BTreeSet;
use witspan_conformance::native::{Native, NativeSetup};
use witspan_conformance::{
    FORMATS, KINDS, bless, bless_setup, chapters, check_all, check_setup, run_setup, setup_chapters,
};

#[test]
fn the_native_core_sends_every_cases_bytes() {
    check_all("native", &[], Native::new, |case| {
        check_setup(case, |at| run_setup(case, at, &mut NativeSetup::default()))?;
        Ok(None)
    })
    .unwrap();
}

#[test]
fn names_are_unique_and_kinds_are_the_cores() {
    let mut names = BTreeSet::new();
    let programs = chapters().unwrap().into_iter().flat_map(|(_, chapter)| chapter.cases);
    let setup = setup_chapters().unwrap().into_iter().flat_map(|(_, chapter)| chapter.cases);
    let programs = programs.map(|case| (case.name, case.says));
    for (name, says) in programs.chain(setup.map(|case| (case.name, case.says))) {
        assert!(says.ends_with('.'), "`{says}` does not end like a sentence");
        assert!(names.insert(name.clone()), "`{name}` is there twice");
    }
    let core: Vec<&str> = witspan_core::SpanKind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(core, KINDS);
    // `record-span` finds a kind by its place there.
    assert_eq!(core, witspan_setup::KINDS);
}

/// Writes what the core sends into the cases, for reading before it is committed:
/// `cargo test -p witspan-conformance --release -- --ignored bless`.
#[test]
#[ignore = "changes the suite"]
fn bless_the_cases() {
    for (path, mut chapter) in chapters().unwrap() {
        for case in &mut chapter.cases {
            for format in FORMATS {
                let mut core = Native::new(case, format).unwrap();
                let (requests, dispositions, counters) = bless(case, &mut core)
                    .unwrap_or_else(|error| panic!("{}: {error:#}", case.name));
                case.requests.insert(format, requests);
                if !case.answers.is_empty() {
                    case.dispositions = dispositions.unwrap_or_default();
                }
                case.statistics = counters;
            }
        }
        let text = serde_json::to_string_pretty(&chapter).unwrap();
        std::fs::write(path, text + "\n").unwrap();
    }
    for (path, mut chapter) in setup_chapters().unwrap() {
        for case in &mut chapter.cases {
            bless_setup(case, |case, at| run_setup(case, at, &mut NativeSetup::default()))
                .unwrap_or_else(|error| panic!("{}: {error:#}", case.name));
        }
        let text = serde_json::to_string_pretty(&chapter).unwrap();
        std::fs::write(path, text + "\n").unwrap();
    }
}
