//! The component under the `wasmtime` command: another engine build than ours, WASI as it comes.

use crate::component;
use std::ffi::OsString;
use std::io::ErrorKind;
use std::process::Command;

/// What one call of a fresh instance prints.
#[track_caller]
fn invoke(call: &str) -> String {
    let named = std::env::var_os("WASMTIME").filter(|path| !path.is_empty());
    let program = named.unwrap_or_else(|| OsString::from("wasmtime"));
    let ran = Command::new(&program).args(["run", "--invoke", call]).arg(component()).output();
    let ran = match ran {
        Ok(ran) => ran,
        Err(error) if error.kind() == ErrorKind::NotFound => panic!(
            "the `wasmtime` command is missing (looked for `{}`): `./bootstrap.sh test` prepares \
             it and runs this test; or set WASMTIME to its path",
            program.display()
        ),
        Err(error) => panic!("`{}` does not run: {error}", program.display()),
    };
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "`{call}` failed: {errors}");
    assert_eq!(errors, "", "`{call}`");
    String::from_utf8_lossy(&ran.stdout).trim().to_owned()
}

#[test]
fn a_span_starts() {
    assert_eq!(invoke(r#"start-span(llm, root, some("x"), [model-name("m")])"#), "ok(1)");
}

#[test]
fn every_kind_of_span_starts_with_nothing_said_of_it() {
    for kind in ["llm", "workflow", "agent", "tool", "task", "embedding", "retrieval"] {
        assert_eq!(invoke(&format!("start-span({kind}, root, none, [])")), "ok(1)", "{kind}");
    }
}

#[test]
fn a_fresh_instance_has_counted_nothing_and_wants_nothing() {
    let counters = invoke("statistics()");
    for name in ["accepted", "open", "queued", "in-flight", "delivered", "bytes"] {
        assert!(counters.contains(&format!("{name}: 0")), "{counters}");
    }
    assert!(counters.contains("dropped: []"), "{counters}");
    assert_eq!(invoke("poll(everything)"), "idle");
}

#[test]
fn a_wrong_call_prints_the_error_of_the_contract() {
    assert_eq!(invoke(r#"annotate(7, "{}")"#), "err(unknown-span(7))");
    assert_eq!(invoke("finish(7, none, none)"), "err(unknown-span(7))");
    assert_eq!(invoke("start-span(llm, child-of(99), none, [])"), "err(unknown-span(99))");
    assert_eq!(invoke("complete(3, transport-error)"), "err(unknown-request(3))");
}

#[test]
fn a_wrong_setting_prints_its_field_and_what_is_accepted() {
    let settings = |ml_app| {
        invoke(&format!(
            r#"configure({{ml-app: "{ml_app}", service: "", env: "", version: "", tags: [], language: "", destination: none, limits: none}})"#
        ))
    };
    let refused = settings("");
    assert!(
        refused.starts_with(r#"err(invalid-argument({field: "ml-app", message: ""#),
        "{refused}"
    );
    assert!(refused.contains("`ml-app` is empty; accepted:"), "{refused}");
    assert_eq!(settings("bot"), "ok");
}

#[test]
fn the_span_that_is_not_kept_takes_every_call() {
    assert_eq!(invoke(r#"annotate(0, "not even JSON")"#), "ok([])");
    assert_eq!(invoke("finish(0, none, none)"), "ok({attention: false})");
    assert_eq!(invoke("abandon(0)"), "ok(false)");
    assert_eq!(invoke("start-span(task, child-of(0), none, [])"), "ok(0)");
}
