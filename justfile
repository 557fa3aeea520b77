# Every verb of the project. On a fresh machine start with ./bootstrap.sh VERB, which prepares what
# the verb needs and then comes here; afterwards plain `just VERB` is enough.

set positional-arguments

python := if os_family() == "windows" { "python" } else { "python3" }
venv := justfile_directory() / ".venv" / if os_family() == "windows" { "Scripts" } else { "bin" }

# The wasmtime command the tests run the component with; empty where it was never prepared.
export WASMTIME := env("WASMTIME", if path_exists(venv / "wasmtime") == "true" { venv / "wasmtime" } else { "" })

[private]
default:
    @"{{ just_executable() }}" --justfile "{{ justfile() }}" --list --unsorted

# Prepare this machine: tools, packages, the wasm standard library
setup:
    ./bootstrap.sh setup

# Build everything: the component, the host library, the Python package
build: prepared component
    cargo build -q --release -p witspan
    "{{ venv }}/python" tools/build_python.py

# Build the component from guest/ and precompile it
component:
    {{ python }} tools/build_component.py

# Show a first trace, without account or network
demo *args: build
    "{{ venv }}/python" tools/demo.py "$@"

# The build tool is left out: it has no tests, and would compile the wasm compiler a second time.
[doc('Run every test: Rust, then Python')]
[no-exit-message]
test: build
    cargo test -q --workspace --exclude witspan-component --release
    "{{ venv }}/python" -m pytest

# Run the shared cases of tests/conformance against every binding
[no-exit-message]
conformance: build
    cargo test -q --release -p witspan-conformance
    "{{ venv }}/python" -m pytest -q tests/conformance

# The component comes first: the host library embeds it, so clippy cannot read that without.
[doc('Check format, lints and types of everything')]
lint: prepared component
    cargo fmt --all --check
    cargo clippy -q --workspace --all-targets --release -- -D warnings
    "{{ venv }}/ruff" check -q .
    "{{ venv }}/ruff" format -q --check .
    "{{ venv }}/mypy" --no-error-summary

# Measure witspan beside other tracers
bench *args: build
    @test -e .venv/.requirements-bench.installed || { echo 'the other tracers are missing: run ./bootstrap.sh bench' >&2; exit 1; }
    "{{ venv }}/python" benches/run.py "$@"

# Remove everything built here (the cache outside the checkout stays)
clean:
    {{ python }} -c 'import shutil; [shutil.rmtree(name, ignore_errors=True) for name in ("target", ".venv")]'

# A recipe that needs .venv says so in a sentence instead of failing at a path
[private]
prepared:
    @test -e '{{ venv }}/just' || test -e '{{ venv }}/just.exe' || { echo 'this checkout is not prepared: run ./bootstrap.sh setup' >&2; exit 1; }
