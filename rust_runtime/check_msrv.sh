#!/bin/sh
# Builds the library and the command line, default features, with the oldest Rust that is promised (Cargo.toml).
# In a copy without the optional dependencies and those of tests: the default features need none, and no network.
set -eu
cd "$(dirname "$0")"
version=$(sed -n 's/^rust-version = "\([0-9.]*\)".*/\1/p' Cargo.toml | head -1)
toolchain="$version.0"
if ! rustup which --toolchain "$toolchain" cargo >/dev/null 2>&1; then
    echo "Rust $toolchain is not installed: rustup toolchain install $toolchain --profile minimal" >&2
    exit 5
fi
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r src cli "$copy"
awk '/^\[/ { skip = $0 ~ /^\[(features|dependencies|dev-dependencies|\[bench\])/ } !skip' Cargo.toml >"$copy/Cargo.toml"
awk '/^\[/ { skip = $0 ~ /^\[features/ } !skip' cli/Cargo.toml >"$copy/cli/Cargo.toml"
cd "$copy"
cargo "+$toolchain" build --offline --workspace
echo "builds with $(cargo "+$toolchain" --version)"
