#!/bin/sh
# test_runtimes.sh: the tests of rust_runtime/, from Rust (cargo test), C and C++ (ctest, also under the sanitizers).
set -eu
cd "$(dirname "$0")/.."
for tool in cargo cmake ctest cc c++; do
    command -v "$tool" >/dev/null || {
        echo "error: $tool is missing: the Rust, C and C++ runtimes cannot be tested. Install Rust (https://rustup.rs), cmake and a C++ compiler." >&2
        exit 5
    }
done
FOUNDRY_PYTHON="$PWD/.venv/bin/python"
export FOUNDRY_PYTHON
(cd rust_runtime && cargo test --quiet --workspace --features capi,onnxruntime)
(cd rust_runtime && cargo test --quiet --locked --manifest-path cli/Cargo.toml --target-dir target)
rust_runtime/tests/c/run.sh
# The oldest Rust that is promised, where rustup has it; without it the script says what to install, and the rest counts.
rust_runtime/check_msrv.sh || test $? -eq 5
