//! The examples in the comments of the contract: each function has one, and the `wasmtime` command prints
//! what it says.

use crate::{compiled, wasmtime};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

/// One call in WAVE.
#[derive(Default)]
struct Example {
    /// The component that it is for, without `.wasm`.
    component: String,
    call: String,
    /// What is printed, with `…` for what is left out; empty if the example does not say.
    result: String,
}

/// The lines of a block: comments before the call name a component, those after it say its result.
fn read(block: &[&str]) -> Example {
    let mut example = Example { component: "witspan".to_owned(), ..Example::default() };
    for line in block {
        match line.strip_prefix("// ") {
            None => example.call = format!("{}{line}\n", example.call),
            Some(name) if example.call.is_empty() => {
                name.trim_end_matches(".wasm").clone_into(&mut example.component);
            }
            Some(result) => example.result.push_str(result),
        }
    }
    example
}

/// Each function of a file of the contract, with the examples in its comment.
fn functions(text: &str) -> Vec<(&str, Vec<Example>)> {
    let (mut functions, mut examples, mut block) = (Vec::new(), Vec::new(), None);
    for line in text.lines().map(str::trim) {
        let Some(comment) = line.strip_prefix("///") else {
            if let Some((name, _)) = line.split_once(": func(") {
                functions.push((name, std::mem::take(&mut examples)));
            } else if !line.starts_with('@') {
                examples.clear();
            }
            continue;
        };
        let comment = comment.strip_prefix(' ').unwrap_or(comment);
        match (&mut block, comment) {
            (None, "```wave") => block = Some(Vec::new()),
            (Some(lines), "```") => {
                examples.push(read(lines));
                block = None;
            }
            (Some(lines), _) => lines.push(comment),
            (None, _) => {}
        }
    }
    functions
}

/// Whether a text is the pattern, whose `…` stand for any text.
fn matches(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('…');
    let Some(mut rest) = parts.next().and_then(|first| text.strip_prefix(first)) else {
        return false;
    };
    let mut parts = parts.peekable();
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        let Some((_, after)) = rest.split_once(part) else { return false };
        rest = after;
    }
    rest.is_empty()
}

/// The files of the contract.
fn contract() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wit");
    let files = std::fs::read_dir(folder).expect("the contract is there");
    let paths = files.map(|file| file.expect("it can be listed").path());
    paths.filter(|path| path.extension().is_some_and(|extension| extension == "wit")).collect()
}

#[test]
fn each_function_of_the_contract_has_an_example_that_prints_what_it_says() {
    let (mut code, mut wrong, mut count) = (HashMap::new(), Vec::new(), 0);
    for path in contract() {
        let text = std::fs::read_to_string(&path).expect("it can be read");
        for (function, examples) in functions(&text) {
            count += 1;
            let its_own = |example: &Example| example.call.starts_with(&format!("{function}("));
            if !examples.iter().any(its_own) {
                wrong.push(format!("`{function}` in {} has no example", path.display()));
            }
            for Example { component, call, result } in examples {
                let file = code.entry(component).or_insert_with_key(|name| compiled(name));
                let done = wasmtime(&["run", "--allow-precompiled", "--invoke", &call], file, b"");
                let printed = String::from_utf8_lossy(&done.stdout);
                let said = String::from_utf8_lossy(&done.stderr);
                if !done.status.success() || !said.is_empty() {
                    wrong.push(format!("{call}fails: {said}"));
                } else if !result.is_empty() && !matches(printed.trim(), &result) {
                    wrong.push(format!("{call}prints {printed}not   {result}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count >= 27, "only {count} functions were found");
}

#[test]
fn a_function_without_an_example_is_found() {
    let text = "
        /// ```wave
        /// a()
        /// // 1
        /// ```
        enum e { x }
        /// ```wave
        /// // begun.wasm
        /// b(\"\"\"
        ///   {}
        ///   \"\"\")
        /// // ok(…, …)
        /// ```
        @since(version = 0.2.0)
        b: func();
        /// Without.
        c: func();";
    let found = functions(text);
    let [("b", of_b), ("c", of_c)] = found.as_slice() else { panic!("other functions") };
    assert!(of_c.is_empty());
    let [Example { component, call, result }] = of_b.as_slice() else { panic!("not one") };
    assert_eq!(
        (component.as_str(), call.as_str(), result.as_str()),
        ("begun", "b(\"\"\"\n  {}\n  \"\"\")\n", "ok(…, …)")
    );
    assert!(matches("ok(1, 2)", result) && matches("ok(1, )", result));
    assert!(!matches("ok(1)", result) && !matches("ok(1, 2) ", result));
    assert!(matches("1", "1") && !matches("12", "1"));
}
