#!/bin/sh
# lock.sh: resolve pyproject.toml for all supported Pythons and platforms into hash-locked files without index addresses.
set -eu
.venv/bin/python -m pip install --quiet --disable-pip-version-check uv
for target in "requirements.lock" "requirements-dev.lock --extra dev"; do
    # shellcheck disable=SC2086
    set -- $target
    out=$1
    shift
    .venv/bin/uv pip compile pyproject.toml "$@" --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --quiet --upgrade -o "$out"
done
