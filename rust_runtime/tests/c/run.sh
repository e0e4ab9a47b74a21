#!/bin/sh
# Builds libcerebellum and tests it from C and C++: as it is, under AddressSanitizer (with leaks and undefined
# behaviour), under ThreadSanitizer. `run.sh address` runs one of plain, address, thread. Builds into target/.
set -eu
cd "$(dirname "$0")/../.."
mkdir -p target/c

for tool in "${CARGO:-cargo}" cmake ctest "${CC:-cc}" "${CXX:-c++}"; do
    command -v "$tool" >/dev/null || { echo "tests/c/run.sh: $tool is missing. Install it and run again." >&2; exit 5; }
done

# A sanitizer that cannot link, or cannot start under this kernel, is a fault of the machine: said, never skipped.
aslr=
try_sanitizer() {
    echo 'int main(void) { return 0; }' >target/c/try.c
    "${CC:-cc}" "-fsanitize=$1" target/c/try.c -o target/c/try || {
        echo "tests/c/run.sh: ${CC:-cc} cannot link -fsanitize=$1. Install its library (Debian: libasan8, libtsan2)." >&2
        exit 5
    }
    if target/c/try 2>/dev/null; then
        aslr=
    elif setarch "$(uname -m)" -R target/c/try 2>/dev/null; then
        aslr="setarch $(uname -m) -R" # an older libtsan and a kernel with wide address randomization
    else
        target/c/try || true
        echo "tests/c/run.sh: a program with -fsanitize=$1 does not start here; see above." >&2
        exit 5
    fi
}

for configuration in ${*:-plain address thread}; do
    build=target/c/$configuration
    aslr=
    case $configuration in
        plain) sanitize= ;;
        address | thread) sanitize=$configuration; try_sanitizer "$sanitize" ;;
        *) echo "usage: tests/c/run.sh [plain] [address] [thread]" >&2; exit 2 ;;
    esac
    echo "== C and C++: $configuration"
    cmake -S . -B "$build" -DCEREBELLUM_SANITIZE="$sanitize" -DCEREBELLUM_CARGO_TARGET_DIR="$PWD/target/capi" >"$build.log" ||
        { cat "$build.log"; exit 1; }
    cmake --build "$build" --parallel 2 >"$build.log" 2>&1 || { cat "$build.log"; exit 1; }
    (cd "$build" && $aslr ctest --output-on-failure --parallel 2)
done
