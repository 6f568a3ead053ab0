"""What is done to everybody: kills, ended sessions, cut wires, and a server that falls over."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import psycopg
from sandbox.server import Server

from storm.operators import Operators
from storm.proxy import Proxy

# How often a second; the restarts come at even distances.
RATES = {
    "kill claimctl": 0.6,
    "end a session of the guard": 0.3,
    "end a writer's session": 0.3,
    "cut a wire": 0.3,
    "silence a wire": 0.2,
}
SILENT_SECONDS = 4.0


@dataclass
class Chaos:
    """Does what the seed has drawn, each thing as soon as there is somebody to do it to."""

    server: Server
    database: str
    operators: Operators
    proxy: Proxy
    random: random.Random
    done: Counter[str] = field(default_factory=Counter)

    def schedule(self, seconds: float, restarts: int) -> list[tuple[float, str]]:
        """Draw what happens when."""
        drawn = [
            (self.random.uniform(0, seconds), name)
            for name, rate in RATES.items()
            for _ in range(max(1, round(rate * seconds)))
        ]
        step = seconds / (restarts + 1)
        falls = [((n + 1) * step, "restart the server") for n in range(restarts)]
        return sorted([*drawn, *falls])

    def run(self, seconds: float, restarts: int, on_tick: Callable[[float], None]) -> None:
        """Do all of it, in its order; called from the main thread, to which the server belongs."""
        began = time.monotonic()
        for at, name in self.schedule(seconds, restarts):
            for _ in self._until(began + at, on_tick, began):
                pass
            deadline = time.monotonic() + 3
            while time.monotonic() < deadline:
                if self.do(name):
                    self.done[name] += 1
                    break
                time.sleep(0.02)
        for _ in self._until(began + seconds, on_tick, began):
            pass

    def do(self, name: str) -> bool:
        """Do one thing; false where nobody is there to do it to."""
        if name == "restart the server":
            return self._restart()
        if name == "kill claimctl":
            return self._kill()
        if name == "cut a wire":
            return self.proxy.cut(self.random, self._ports("state <> 'idle'"))
        if name == "silence a wire":
            # Of somebody who applies, above all: his wallets are locked.
            applies = "usename = 'runner' and query like '%%apply_batch%%'"
            return self.proxy.cut(self.random, self._ports(applies), SILENT_SECONDS)
        whose = "usename = 'runner'" if "guard" in name else "application_name like 'writer %%'"
        return self._end_session(whose)

    def _kill(self) -> bool:
        """Kill an applier when one of them is at work."""
        appliers = self.operators.alive()
        if not appliers or not self._count("usename = 'runner' and state <> 'idle'"):
            return False
        applier = self.random.choice(appliers)
        applier.send_signal(signal.SIGKILL)
        return applier.wait() == -signal.SIGKILL

    def _restart(self) -> bool:
        """`pg_ctl -m immediate` and a start: the server finds its way back from its log."""
        pid = int((self.server.data / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, signal.SIGQUIT)
        # Who starts the next process may have collected it already.
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)
        self.server.start()
        return True

    def _end_session(self, whose: str) -> bool:
        return bool(
            self._value(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                f" where {whose} and state <> 'idle' order by md5(pid || %s) limit 1"
            )
        )

    def _count(self, whose: str) -> int:
        query = f"select count(*)::int from pg_stat_activity where {whose} and %s <> ''"
        count = self._value(query)
        return count if isinstance(count, int) else 0

    def _ports(self, whose: str) -> list[int]:
        ports = self._value(
            f"select array_agg(client_port) from pg_stat_activity where {whose} and %s <> ''"
        )
        return ports if isinstance(ports, list) else []

    def _value(self, query: str) -> object:
        try:
            with psycopg.connect(self.server.dsn(self.database), autocommit=True) as connection:
                row = connection.execute(query.encode(), [str(self.random.random())]).fetchone()
        except psycopg.OperationalError:
            return None
        return row[0] if row else None

    def _until(
        self, moment: float, on_tick: Callable[[float], None], began: float
    ) -> Iterator[None]:
        while (left := moment - time.monotonic()) > 0:
            on_tick(time.monotonic() - began)
            time.sleep(min(0.1, left))
            yield
