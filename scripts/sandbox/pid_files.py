"""Processes that outlive the one that started them, found again by files that they keep locked."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PATIENCE_SECONDS = 20.0


@contextmanager
def hold_pid_file(file: Path) -> Iterator[None]:
    """Keep our pid in a file that stays locked while we live, which tells it from a stale one."""
    with file.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        held.write(str(os.getpid()))
        held.flush()
        yield


def is_running(file: Path) -> bool:
    """Return whether the process that wrote this file still runs."""
    try:
        with file.open() as held:
            fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def wait_until_running(file: Path) -> None:
    """Return when the process has written its pid."""
    _wait(lambda: is_running(file) and bool(file.read_text()), f"{file.stem} did not start")


def stop_processes(files: list[Path]) -> int:
    """Ask the processes of these files to end, wait for it, and return how many there were."""
    running = [file for file in files if is_running(file)]
    for file in running:
        os.kill(int(file.read_text()), signal.SIGTERM)
    _wait(lambda: not any(map(is_running, running)), "the processes did not end")
    return len(running)


def _wait(condition: Callable[[], bool], complaint: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{complaint} within {PATIENCE_SECONDS:.0f} seconds")
        time.sleep(0.05)
