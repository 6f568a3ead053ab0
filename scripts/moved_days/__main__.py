"""The tests on other days: pytest, server, dbt and the command line share one clock that is moved.

`python -m moved_days DAYS [FILES]` runs the tests that place something in time once for each day.
DAYS is all, one (another one each run), or a part of their names; FILES narrows the tests.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

NOT_RUN = "not run: what moves the clock has to be compiled: apt-get install gcc libc6-dev"
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
# Each weekday at an hour of its own; Sunday and Monday are beside the turn of the week.
HOURS = {0: 0.3, 1: 4, 2: 8, 3: 12, 4: 16, 5: 20, 6: 23.7}
NOTHING_COLLECTED = 5


def moments(now: datetime) -> dict[str, datetime]:
    """Return the moments to test at, by name, each the next one of its kind after now."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    found: dict[str, datetime] = {}
    for day in (midnight + number * DAY for number in range(1, 8)):
        found[f"{day:%A}".lower()] = day + timedelta(hours=HOURS[day.weekday()])
    month = (midnight.replace(day=1) + 32 * DAY).replace(day=1)
    year = midnight.replace(year=now.year + 1, month=1, day=1)
    turns = {"month": month, "year": year}
    for place, zone in (("europe", "Europe/Berlin"), ("america", "America/New_York")):
        for number, change in enumerate(changes_of_clocks(midnight, zone), start=1):
            turns[f"{place}-{number}"] = change
    for name, turn in turns.items():
        found[f"before-{name}"], found[f"after-{name}"] = turn - 20 * MINUTE, turn + 20 * MINUTE
    leap = next(
        day
        for number in range(1, 9 * 366)
        if (day := midnight + number * DAY) and (day.month, day.day) == (2, 29)
    )
    return {**found, "leap-day": leap + 12 * timedelta(hours=1)}


def changes_of_clocks(start: datetime, zone: str) -> list[datetime]:
    """Return the next two moments when the clocks of a zone change."""
    found: list[datetime] = []
    moment = start + DAY
    while len(found) < 2:
        later = moment + timedelta(hours=1)
        if (
            moment.astimezone(ZoneInfo(zone)).utcoffset()
            != later.astimezone(ZoneInfo(zone)).utcoffset()
        ):
            found.append(later)
        moment = later
    return found


def chosen(days: str, now: datetime) -> dict[str, datetime]:
    """Return the moments that DAYS means; `one` is another one from minute to minute."""
    every = moments(now)
    if days == "all":
        return every
    if days == "one":
        name = sorted(every)[int(now.timestamp()) // 60 * 7 % len(every)]
        return {name: every[name]}
    return {name: moment for name, moment in every.items() if days in name}


def compiled(folder: Path) -> Path | None:
    """Return the library that moves the clock, where there is a compiler."""
    folder.chmod(0o755)  # The server runs as another user.
    library = folder / "clock.so"
    source = Path(__file__).with_name("clock.c")
    compiler = shutil.which("cc") if sys.platform == "linux" else None
    if compiler is None:
        return None
    ended = subprocess.run(
        [compiler, "-shared", "-fPIC", "-O2", "-o", library, source], check=False
    )
    return library if ended.returncode == 0 else None


def run(moment: datetime, library: Path, files: list[str]) -> int:
    """Run the tests with the clock at the moment; the monotonic clock stays as it is."""
    offset = round((moment - datetime.now(UTC)).total_seconds())
    moved = {"LD_PRELOAD": str(library), "MOVED_CLOCK": str(offset)}
    together = [] if len(files) == 1 else ["-n", "2", "--dist", "loadfile"]
    command = [sys.executable, "-m", "pytest", *together, "-m", "not slow", "--places-times"]
    code = subprocess.run([*command, *files], env={**os.environ, **moved}).returncode
    return 0 if code == NOTHING_COLLECTED else code


def main(days: str = "all", *files: str) -> int:
    """Run each chosen day and say which ones failed."""
    days_to_run = chosen(days, datetime.now(UTC))
    if not days_to_run:
        print(f"no day is called {days}; there are: {', '.join(moments(datetime.now(UTC)))}")
        return 2
    with tempfile.TemporaryDirectory(prefix="claim_reconciliation_clock_") as folder:
        library = compiled(Path(folder))
        if library is None:
            print(NOT_RUN)
            return 0
        failed = []
        for name, moment in days_to_run.items():
            started = time.monotonic()
            print(f"— {name}: {moment:%A %Y-%m-%d %H:%M} UTC", flush=True)
            if run(moment, library, list(files)):
                failed.append(name)
            print(f"  {time.monotonic() - started:.0f} s", flush=True)
    print(f"{len(days_to_run)} days, failed: {', '.join(failed) or 'none'}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
