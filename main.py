"""The one command of the foundry: see ``python main.py --help`` and README.md."""

from pathlib import Path

from foundry_engine.cli.app import main

if __name__ == "__main__":
    main(Path(__file__).resolve().parent)
