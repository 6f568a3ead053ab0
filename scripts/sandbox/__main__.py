"""`python -m sandbox demo`, `drill` and `stop`."""

from __future__ import annotations

import argparse
import sys

from sandbox import demo, drills


def main() -> int:
    """Run the command that is named; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument("command", choices=("demo", "drill", "stop"))
    parser.add_argument("--users", type=int, help="how many users a drill has")
    given = parser.parse_args()
    if given.command == "drill":
        return drills.run(given.users or drills.USERS)
    return demo.run() if given.command == "demo" else demo.stop()


if __name__ == "__main__":
    sys.exit(main())
