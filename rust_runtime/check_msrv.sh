#!/bin/sh
# Builds the command line and the C library, and with them the crate's default features, with the oldest Rust that is
# promised (Cargo.toml): as they are, with their lock files and without a registry.
set -eu
cd "$(dirname "$0")"
version=$(sed -n 's/^rust-version = "\([0-9.]*\)".*/\1/p' Cargo.toml | head -1)
toolchain="$version.0"
if ! rustup which --toolchain "$toolchain" cargo >/dev/null 2>&1; then
    echo "Rust $toolchain is not installed: rustup toolchain install $toolchain --profile minimal" >&2
    exit 5
fi
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
for part in cli capi; do
    CARGO_HOME="$room/home" cargo "+$toolchain" build --quiet --offline --locked --manifest-path "$part/Cargo.toml" --target-dir "$room/target"
done
echo "builds with $(cargo "+$toolchain" --version), no crate and no network"
