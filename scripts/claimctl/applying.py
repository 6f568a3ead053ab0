"""The loop of batches that applies a plan: sized by time, shared by appliers, taken up again."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from claimctl.database import connect, run_sql
from claimctl.errors import NoConnectionError, RefusedError
from claimctl.guard import call, guard, refusal
from claimctl.options import Options

if TYPE_CHECKING:
    import psycopg
    from tenacity import RetryCallState, Retrying

    from claimctl.database import Database

TARGET_SECONDS = 0.05
FIRST_LINES, LEAST_LINES, MOST_LINES = 100, 20, 500
# After a batch that a writer waited for: as long as it took, so that writers have half of the time.
LONGEST_PAUSE_SECONDS = 0.25
# The guard skips a line that was busy in its tenth pass.
LAST_PASS = 10
SECONDS_BETWEEN_PASSES = 0.3
# How long the lines of another applier are waited for after its last sign of life.
PATIENCE_SECONDS = 30
RECONNECT_SECONDS = (0.2, 0.5, 1, 2, 4, 8, 15)
STATEMENT_TIMEOUT = "10s"
# Deadlock, lock and statement time-outs: the batch was rolled back and is tried again, smaller.
TRANSIENT_STATES = ("40P01", "55P03", "57014")
MOST_RETRIES = 10
SECONDS_BETWEEN_RETRIES = 0.2
# What apply_batch writes into the statement that applies its lines.
LINES_OF_BATCH = re.compile(r"/\* lines (\d+) to \d+ \*/")


@dataclass
class Progress:
    """What the appliers of this process have done; shared by their threads."""

    on_batch: Callable[[int], None]
    stop: threading.Event = field(default_factory=threading.Event)
    batch_seconds: list[float] = field(default_factory=list)
    waits_ms: list[float] = field(default_factory=list)
    errors: list[BaseException] = field(default_factory=list)


def apply_until_decided(
    options: Options, plan_id: int, appliers: int, progress: Progress
) -> dict[str, Any]:
    """Apply the plan until each line is decided, and return what finish_apply says.

    Lines in the hands of another applier are waited for: they are its own to finish, and ours when
    it dies. Some stay pending where it neither ends nor goes on.
    """
    pending = patient_until = None
    while True:
        apply_plan(options, plan_id, appliers, progress)
        with guard(options) as connection:
            outcome: dict[str, Any] = call(connection, "finish_apply", plan_id=plan_id)
        if outcome["pending"] != pending or patient_until is None:
            pending, patient_until = outcome["pending"], time.monotonic() + PATIENCE_SECONDS
        if not pending or time.monotonic() > patient_until:
            return outcome
        time.sleep(SECONDS_BETWEEN_PASSES)


def apply_plan(options: Options, plan_id: int, appliers: int, progress: Progress) -> None:
    """Apply the plan's lines by several threads, each with a connection of its own.

    Returns when no line is left that this process can decide, or `progress.stop` is set. Raises
    the first error of an applier, after the others have ended their batches.
    """

    def work() -> None:
        try:
            _Applier(options, plan_id, progress).run()
        except BaseException as error:
            progress.errors.append(error)
            progress.stop.set()

    # Not Thread.join: interrupted by Ctrl-C, it takes a thread that still works for one that ended.
    pool = ThreadPoolExecutor(appliers)
    try:
        working = [pool.submit(work) for _ in range(appliers)]
        wait(working)
    except KeyboardInterrupt:
        progress.stop.set()
        wait(working)
        raise
    finally:
        pool.shutdown(wait=False)
    if progress.errors:
        raise progress.errors[0]


class _Applier:
    """One connection's share of the work."""

    def __init__(self, options: Options, plan_id: int, progress: Progress) -> None:
        self.options = options
        self.plan_id = plan_id
        self.progress = progress
        self.lines = FIRST_LINES
        self.most_lines = MOST_LINES
        self.is_careful = False
        self.connection: Database | None = None

    def run(self) -> None:
        """Pass over the undecided lines until none of them is busy."""
        try:
            for number in range(1, LAST_PASS + 1):
                if self._pass(number) == 0:
                    return
                self.progress.stop.wait(SECONDS_BETWEEN_PASSES)
        finally:
            if self.connection is not None:
                self.connection.close()

    def _pass(self, number: int) -> int:
        """Return how many lines this pass left pending because somebody holds their wallets."""
        busy = after = 0
        while batch := self._batch(after, number):
            after = batch["last_line"]
            busy += batch["pending"]
            self.progress.on_batch(batch["applied"] + batch["skipped"])
        return busy

    def _batch(self, after: int, number: int) -> dict[str, Any] | None:
        """Apply the next batch, and connect again where the connection is lost.

        The batch is whole or not there, and the guard knows which.
        """
        return self._reconnecting()(self._applied, after, number)

    def _reconnecting(self) -> Retrying:
        import tenacity as again

        return again.Retrying(
            retry=again.retry_if_exception_type(NoConnectionError),
            wait=again.wait_chain(*map(again.wait_fixed, RECONNECT_SECONDS)),
            stop=again.stop_after_attempt(len(RECONNECT_SECONDS) + 1),
            sleep=again.sleep_using_event(self.progress.stop),
            retry_error_callback=self._give_up,
        )

    def _give_up(self, state: RetryCallState) -> None:
        error = state.outcome.exception() if state.outcome else None
        reason = error.message if isinstance(error, NoConnectionError) else ""
        raise NoConnectionError(
            f"The server did not come back: {' '.join(reason.split()).rstrip('.')}. "
            "Nothing is half done; when it is there again, go on:",
            f"claimctl apply {self.plan_id}",
        )

    def _applied(self, after: int, number: int) -> dict[str, Any] | None:
        """Apply the next batch, however small; none where no line is left, or on stop."""
        import psycopg

        retries = 0
        while not self.progress.stop.is_set():
            connection = self._connected()
            started = time.monotonic()
            try:
                batch = self._call(connection, after, number)
            except psycopg.Error as error:
                if connection.closed:
                    raise NoConnectionError(str(error)) from error
                if error.sqlstate in TRANSIENT_STATES and retries < MOST_RETRIES:
                    retries += 1
                    self.lines = max(1, self.lines // 2)
                    # The holder of what the batch gave up for may need a moment.
                    self.progress.stop.wait(SECONDS_BETWEEN_RETRIES * retries)
                else:
                    self._narrow_down(connection, error)
            else:
                elapsed = time.monotonic() - started
                self.progress.batch_seconds.append(elapsed)
                self._pace(elapsed, batch)
                return batch
        return None

    def _connected(self) -> Database:
        if self.connection is None or self.connection.closed:
            self.connection = connect(self.options)
            self.connection.autocommit = True
        return self.connection

    def _call(self, connection: Database, after: int, number: int) -> dict[str, Any] | None:
        with connection.transaction():
            # Before the call: set inside it, the time-out would not hold for it.
            connection.execute(
                "select set_config('statement_timeout', %s, true)", [STATEMENT_TIMEOUT]
            )
            batch = connection.execute(
                "select * from claim_ops.apply_batch(%s, %s, %s, %s)",
                [self.plan_id, after, self.lines, number],
            ).fetchone()
            # Whoever had to wait for this batch waits until it commits, and is still there.
            return batch and {**batch, "waiting": run_sql(connection, "guard/waiting.sql", {})[0]}

    def _pace(self, elapsed: float, batch: dict[str, Any] | None) -> None:
        """Size the next batch; after one that a writer waited for it is half as large, and later.

        From then on batches grow by a step and no longer double: the writers are still there.
        """
        if batch is None or not batch["waiting"]["sessions"]:
            self.lines = _next_size(self.lines, elapsed, self.most_lines, self.is_careful)
            return
        self.is_careful = True
        self.progress.waits_ms.append(batch["waiting"]["longest_ms"])
        half = max(1, self.lines // 2)
        self.lines = min(half, _next_size(self.lines, elapsed, self.most_lines, True))
        self.progress.stop.wait(min(elapsed, LONGEST_PAUSE_SECONDS))

    def _narrow_down(self, connection: Database, error: psycopg.Error) -> None:
        """Have smaller batches until one row alone makes the database fail, and name it.

        The guard's own refusals say all that there is to say; a trigger's error does not know for
        which row it was called.
        """
        place = LINES_OF_BATCH.search(error.diag.context or "")
        if place is None or (error.sqlstate or "").startswith("CO"):
            raise error
        if self.lines > 1:
            self.lines = self.most_lines = self.lines // 2
            return
        row = connection.execute(
            "select user_id::text as name from claim_ops.plan_lines"
            " where plan_id = %s and line_no = %s",
            [self.plan_id, int(place[1])],
        ).fetchone()
        name = row["name"] if row else "that is gone"
        raise RefusedError(
            f"The wallet of user {name} could not be written: {refusal(error).message} "
            "Nothing is half done; remove the cause, then go on:",
            f"claimctl apply {self.plan_id}",
        ) from error


def _next_size(lines: int, elapsed: float, most_lines: int, is_careful: bool) -> int:
    """Return the size at which a batch like the last one would take the target's time."""
    fitting = int(lines * TARGET_SECONDS / max(elapsed, 0.001))
    most_growth = lines + LEAST_LINES if is_careful else lines * 2
    return min(most_lines, max(LEAST_LINES, min(fitting, most_growth)))
