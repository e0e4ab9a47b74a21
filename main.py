"""The one command of the foundry: see ``python main.py --help`` and README.md."""

import os
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent


def enter_own_environment() -> None:
    """Go on with the Python of ``.venv``, which ``make forge`` made, unless one runs in an environment of one's own."""
    own = ROOT / ".venv" / "bin" / "python"
    if sys.prefix == sys.base_prefix and own.is_file():
        os.execv(own, [str(own), *sys.argv])


if __name__ == "__main__":
    enter_own_environment()
    try:
        from foundry_engine.cli.app import main

        main(ROOT)
    except KeyboardInterrupt:  # while the libraries were still being loaded
        sys.stderr.write("interrupted before anything began: the same command starts again\n")
        sys.exit(130)
