"""The one command of the foundry: see ``python main.py --help`` and README.md."""

import sys
from pathlib import Path

if __name__ == "__main__":
    try:
        from foundry_engine.cli.app import main

        main(Path(__file__).resolve().parent)
    except KeyboardInterrupt:  # while the libraries were still being loaded
        sys.stderr.write("interrupted before anything began: the same command starts again\n")
        sys.exit(130)
