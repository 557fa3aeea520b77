//! Every case against the native core, and the suite's own promises.

use std::collections::BTreeSet;
use witspan_conformance::native::Native;
use witspan_conformance::{FORMATS, KINDS, bless, chapters, check_all};

#[test]
fn the_native_core_sends_every_cases_bytes() {
    check_all("native", &[], Native::new).unwrap();
}

#[test]
fn names_are_unique_and_kinds_are_the_cores() {
    let mut names = BTreeSet::new();
    for (_, chapter) in chapters().unwrap() {
        for case in chapter.cases {
            assert!(names.insert(case.name.clone()), "`{}` stands twice", case.name);
            assert!(case.says.ends_with('.'), "`{}` is no sentence", case.says);
        }
    }
    let core: Vec<&str> = witspan_core::SpanKind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(core, KINDS);
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
}
