"""`python -m sandbox demo` and `python -m sandbox stop`."""

from __future__ import annotations

import argparse
import sys

from sandbox import demo


def main() -> int:
    """Run the command that is named; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("command", choices=("demo", "stop"))
    command = parser.parse_args().command
    return demo.run() if command == "demo" else demo.stop()


if __name__ == "__main__":
    sys.exit(main())
