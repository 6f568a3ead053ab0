"""Who waits for whom: looks many times a second, and keeps who waited for the guard."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg.rows import dict_row

SECONDS_BETWEEN_LOOKS = 0.04
LOGINS = ("maker", "checker", "runner")
# By the server's clock, and from when on the guard was seen to be the one who blocks: a writer who
# waits for another writer for seconds is none of ours.
BLOCKED = """
    select
        waiting.pid, waiting.query_start, clock_timestamp() as looked_at,
        waiting.application_name as writer, waiting.query as waits_in,
        blocking.pid as blocker, blocking.usename::text as login, blocking.state, blocking.query as blocks_with,
        blocking.wait_event
    from pg_stat_activity as waiting
    cross join lateral unnest(pg_blocking_pids(waiting.pid)) as blockers (pid)
    inner join pg_stat_activity as blocking on blockers.pid = blocking.pid
    where waiting.application_name like 'writer %%' and waiting.wait_event_type = 'Lock'
        and blocking.usename = any(%s)
"""  # noqa: E501


@dataclass
class Wait:
    """A writer that waited for the guard: how long, and for what."""

    seconds: float
    told: dict[str, Any]


@dataclass
class Watch:
    """Looks at one database until it is stopped; longest waits come first in `waits`."""

    dsn: str
    looks: int = 0
    since: dict[Any, Any] = field(default_factory=dict)
    longest: dict[Any, Wait] = field(default_factory=dict)
    stopped: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Look until stopped, also over restarts of the server."""
        while not self.stopped.is_set():
            try:
                with psycopg.connect(self.dsn, autocommit=True) as connection:
                    cursor = connection.cursor(row_factory=dict_row)
                    while not self.stopped.wait(SECONDS_BETWEEN_LOOKS):
                        self._look(cursor.execute(BLOCKED, [list(LOGINS)]).fetchall())
            except psycopg.OperationalError:
                self.stopped.wait(0.1)

    def _look(self, rows: list[dict[str, Any]]) -> None:
        self.looks += 1
        for row in rows:
            key = (row["pid"], row["query_start"])
            since = self.since.setdefault(key, row["looked_at"])
            self.longest[key] = Wait((row["looked_at"] - since).total_seconds(), row)

    @property
    def waits(self) -> list[Wait]:
        """Return the waits for the guard, the longest first."""
        return sorted(self.longest.values(), key=lambda wait: -wait.seconds)
