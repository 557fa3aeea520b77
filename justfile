# Every verb of the project. On a fresh machine start with ./bootstrap.sh VERB, which prepares what
# the verb needs and then comes here; afterwards plain `just VERB` is enough.

set positional-arguments

venv := justfile_directory() / ".venv" / if os_family() == "windows" { "Scripts" } else { "bin" }

# The Python that the bootstrap found new enough: `python3` may be another one, or none.
python := if path_exists(venv / "python") == "true" { venv / "python" } else if os_family() == "windows" { "python" } else { "python3" }

# The wasmtime command the tests run the component with; empty where it was never prepared.
export WASMTIME := env("WASMTIME", if path_exists(venv / "wasmtime") == "true" { venv / "wasmtime" } else { "" })

# What tests and measurements talk to is on this machine, never behind its proxy.
loopback := "localhost,127.0.0.1,::1"
export NO_PROXY := env("NO_PROXY", env("no_proxy", "")) + "," + loopback
export no_proxy := env("no_proxy", env("NO_PROXY", "")) + "," + loopback

# The Node that runs the component as JavaScript: the machine's own, or the one the bootstrap got.
export NODE := env("NODE", if path_exists(venv / "node") == "true" { venv / "node" } else { "node" })

[private]
default:
    @"{{ just_executable() }}" --justfile "{{ justfile() }}" --list --unsorted

# Prepare this machine: tools, packages, the wasm standard library
setup:
    ./bootstrap.sh setup

# Build everything: the component, the host library, the Python package
build: prepared component
    @echo 'host library: building (the first time takes about 2 minutes on 2 cores)'
    cargo build -q --release -p witspan
    "{{ venv }}/python" tools/build_python.py

# Build the component from guest/ and precompile it
component:
    "{{ python }}" tools/build_component.py --only witspan

# Transpile the component for JavaScript, into target/js
component-js: component
    "{{ python }}" tools/build_js.py

# Build the JavaScript package into bindings/js/dist
package-js: component
    "{{ python }}" tools/build_js_package.py

# Make pages of the JavaScript package's types, into target/js-docs
docs-js: package-js
    "{{ venv }}/python" tools/build_js_docs.py

# What the suite's runner needs of it
[private]
core-js: component
    "{{ python }}" tools/build_js_package.py --core

# Build the C library into target/c: shared, static, header, pkg-config (`just c --prefix DIR` installs it)
c *args: prepared component
    "{{ venv }}/python" tools/build_c.py "$@"

# The C library as its tests need it: it shares what is compiled with the other tests
[private]
quick-c: prepared component
    "{{ venv }}/python" tools/build_c.py --quick

# Translate the core to Go source again, into bindings/go; once, after changes of guest/ or wit/
go-core: prepared
    "{{ python }}" tools/build_go.py

# Pack the Go module as a proxy serves it, into target/go-proxy
package-go: prepared
    "{{ python }}" tools/go_module_zip.py

# What the suite's runners for Go need beside it
[private]
module-go:
    "{{ python }}" tools/build_go.py --module

# Fetch what the intake's page is made of besides its sources, into target/page
page: prepared
    "{{ python }}" tools/build_page.py

# Build the local intake: target/intake/witspan, with its page inside
intake: page
    @echo 'intake: building (the first time takes about 3 minutes on 2 cores)'
    cargo build -q --profile intake -p witspan-intake

# The agent that the demo runs in Rust, and the first trace that the page shows; Python's need no building
[private]
example: prepared component
    cargo build -q --profile intake -p witspan-example

# The Python package as the demo needs it. With the intake and the agent it shares what is compiled
# below all three, once.
[private]
quick-python: prepared component
    "{{ venv }}/python" tools/build_python.py --quick

# What the agent in JavaScript imports, in its node_modules/
[private]
example-js: package-js
    "{{ python }}" tools/build_js_example.py

# The agent that the demo runs in Go, which is left out where there is none
[private]
example-go: prepared
    "{{ python }}" tools/build_go_example.py

# Show a first trace of every language on a page, without account or network
[working-directory("tools")]
demo *args: intake example example-js example-go quick-python
    "{{ venv }}/python" -m demo "$@"

# Show a trace made by the plain wasmtime command, without any host of ours
wasmtime: prepared component programs
    "$WASMTIME" run target/component/demo.wasm

# Each part is a recipe `test-PART` below.
[doc('Run every test, or those of some parts: core, host, python, js, c, go, ruby, php, intake, conformance, docs, lint, embed, demo, all')]
[no-exit-message]
test *parts:
    @"{{ just_executable() }}" --justfile "{{ justfile() }}" {{ if parts == "" { "every-test" } else { prepend("test-", parts) } }}

# The suite's runners run first, by themselves, and have a table; what follows leaves them out. The
# build tool is left out too: it has no tests, and would compile the wasm compiler a second time.
[private]
[no-exit-message]
every-test: conformance component-trap intake example example-js example-go
    cargo test -q --workspace --exclude witspan-component --exclude witspan-intake --profile intake -- --skip sends_every_cases_bytes
    cargo test -q --profile intake -p witspan-intake
    "{{ venv }}/python" -m pytest -rs --ignore=tests/conformance/runners

# The crates below guest/, and the programs of other SDKs, which need only the core
[private]
[no-exit-message]
test-core:
    cargo test -q --profile intake -p witspan-core -p witspan-json -p witspan-propagation -p witspan-text -p witspan-setup -p witspan-semconv -p witspan-compatibility

# The host library, and the component that it runs
[private]
[no-exit-message]
test-host: prepared component component-trap
    cargo test -q --profile intake -p witspan -p witspan-component-tests

[private]
[no-exit-message]
test-python: build
    "{{ venv }}/python" -m pytest bindings/python/tests

# The JavaScript package, in every runtime that is installed
[private]
[no-exit-message]
test-js: prepared package-js
    "{{ venv }}/python" -m pytest -rs bindings/js/tests

# The C library: its header, its calls, and programs under valgrind and sanitizers
[private]
[no-exit-message]
test-c: quick-c
    cargo test -q --profile intake -p witspan-c
    "{{ venv }}/python" -m pytest -rs bindings/c/tests

# The Go package, and what programs on other systems and outside of the checkout get of it
[private]
[no-exit-message]
test-go: prepared
    "{{ venv }}/python" -m pytest -rs bindings/go/tests

# The Ruby gem, where there is a Ruby: its own tests, its pages, the gem built and installed
[private]
[no-exit-message]
test-ruby: quick-c
    "{{ venv }}/python" -m pytest -rs bindings/ruby/tests

# The PHP package, where there is a PHP: also in php-fpm, and installed by Composer
[private]
[no-exit-message]
test-php: quick-c
    "{{ venv }}/python" -m pytest -rs bindings/php/tests

# The intake's server, what real SDKs send to it, and its page in a browser
[private]
[no-exit-message]
test-intake: build intake example
    cargo test -q --profile intake -p witspan-intake
    "{{ venv }}/python" -m pytest tests/end_to_end/intake

# All runners, then the tests of the suite itself. The workspace is named as `just conformance` names
# it, so that nothing is compiled a second time with other features.
[private]
[no-exit-message]
test-conformance: conformance
    cargo test -q --workspace --exclude witspan-component --exclude witspan-intake --profile intake --test native --test host --test properties --test cli -- --skip sends_every_cases_bytes
    "{{ venv }}/python" -m pytest tests/conformance --ignore=tests/conformance/runners

# Links and proofs in docs/, and the programs that its pages show
[private]
[no-exit-message]
test-docs: build package-js
    "{{ venv }}/python" -m pytest -rs tests/conformance/test_docs.py bindings/python/tests/test_pages.py bindings/js/tests/test_js_pages.py

# The tests of the lints; the lints themselves are `just lint`
[private]
[no-exit-message]
test-lint: prepared
    "{{ venv }}/python" -m pytest tests/lint

[private]
[no-exit-message]
test-embed: build component-js
    "{{ venv }}/python" -m pytest tests/end_to_end/embed

[private]
[no-exit-message]
test-demo: build intake example example-js example-go
    "{{ venv }}/python" -m pytest tests/end_to_end/demo

# All of them, with what continuous integration has not: every line of Node, two frameworks, the
# oldest Go, and Go on other processors
[private]
[no-exit-message]
test-all: prepared
    "{{ venv }}/python" tools/runtime_packages.py --prepare
    "{{ venv }}/python" tools/golang.py --prepare all
    @WITSPAN_TEST_ALL=1 "{{ just_executable() }}" --justfile "{{ justfile() }}" every-test

# Run the shared cases of tests/conformance in every language, or in those named
[no-exit-message]
conformance *runners: build component-js core-js module-go quick-c programs
    "{{ venv }}/python" tools/conformance.py "$@"

# Write the shared cases as a page to read: target/conformance/index.html
conformance-page: prepared
    "{{ venv }}/python" tools/conformance_page.py

# The component and the page come first: they are embedded, so clippy cannot read that without.
[doc('Check format, lints and types of everything')]
lint: prepared component page module-go
    cargo fmt --all --check
    cargo clippy -q --workspace --all-targets --release -- -D warnings
    "{{ venv }}/ruff" check -q .
    "{{ venv }}/ruff" format -q --check .
    "{{ venv }}/mypy" --no-error-summary
    "{{ venv }}/python" tools/pyright.py --level warning
    "{{ python }}" tools/build_page.py --check
    "{{ python }}" tools/build_js_package.py --check
    "{{ python }}" tools/build_go.py --check
    "{{ python }}" tools/lint_go.py
    "{{ venv }}/python" -m pytest -qq tests/lint

# Format every file of Rust, Python and Go, and the modules of the page
fmt: prepared
    cargo fmt --all
    "{{ venv }}/ruff" format -q .
    "{{ python }}" tools/lint_go.py --format
    "{{ python }}" tools/build_page.py --format

# Write the table of settings into docs/configuration.md
configuration:
    cargo run -q --profile intake -p witspan-setup --example configuration

# Take the pictures of docs/pictures from the intake's page, in a real browser
screenshots: build intake
    "{{ venv }}/python" tools/screenshots.py

# Check that cargo-component builds the same component (the bootstrap installs it: 10 minutes, once)
[private]
[no-exit-message]
cargo-component: prepared component component-trap
    "{{ venv }}/python" tools/cargo_component.py

# Run .ci/run on a machine that has only what the README asks for (`fresh furnished`: a browser, Node and fonts as well); Debian and Ubuntu, as root
fresh *args:
    "{{ python }}" tools/fresh.py "$@"

# Measure witspan beside other tracers
bench *args:
    @"{{ just_executable() }}" --justfile "{{ justfile() }}" {{ if args =~ '^go( -.*)?$' { "prepared" } else if args == "javascript" { "component" } else { "build" } }}
    @test -e .venv/.requirements-bench.installed || { echo 'the other tracers are missing: run ./bootstrap.sh bench' >&2; exit 1; }
    "{{ venv }}/python" benches/run.py "$@"

# Remove everything built here (the cache outside the checkout stays)
clean:
    "{{ python }}" -c 'import shutil; [shutil.rmtree(name, ignore_errors=True) for name in ("target", ".venv")]'

# The component that can be made to trap, which only tests run
[private]
component-trap:
    "{{ python }}" tools/build_component.py --only witspan-trap

# What the wasmtime command runs in the tests: programs, composed with the component
[private]
programs:
    "{{ python }}" tools/build_cli.py

# A recipe that needs .venv says so in a sentence instead of failing at a path
[private]
prepared:
    @test -e '{{ venv }}/just' || test -e '{{ venv }}/just.exe' || { echo 'this checkout is not prepared: run ./bootstrap.sh setup' >&2; exit 1; }
