#!/bin/sh
# install.sh PYTHON LOCK DONE: make .venv when it is not there and install what LOCK names, hashes checked.
set -eu
python=$1 lock=$2 done=$3
if [ -z "$python" ]; then
    echo "error: no Python 3.11 or newer found. Install one, or say make PYTHON=/path/to/python $*" >&2
    exit 5
fi
if [ ! -x .venv/bin/python ]; then
    "$python" -m venv .venv || {
        echo "error: $python cannot make a virtual environment. On Debian or Ubuntu: apt install python3-venv" >&2
        rm -rf .venv
        exit 5
    }
fi
echo "installing from $lock ..." >&2
.venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r "$lock"
touch "$done"
