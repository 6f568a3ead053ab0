"""Pause: it gets between the batches of a stream at once, and nothing is written after it."""

from __future__ import annotations

import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import psycopg
import pytest
from support.guard import CHECKER, RUNNER, Guard, batch, call

APPLIERS = 4
PAUSES = 5


def test_a_batch_that_comes_after_a_pause_waits_behind_it(
    guard: Guard, beside: ThreadPoolExecutor
) -> None:
    """A pause that waits for a batch under way lets no other batch overtake it."""
    guard.add_short_wallets(4)
    plan = guard.plan_and_begin()
    with guard.session(autocommit=False) as under_way:
        call(under_way, "apply_batch", plan, 0, 2, 1)
        pausing = beside.submit(guard.call, CHECKER, "pause", "stop")
        guard.wait_until("exists (select from pg_locks where not granted)")
        late = beside.submit(guard.batch, plan, limit=2)
        guard.wait_until("count(distinct pid) = 2 from pg_locks where not granted")
        assert not late.done()
        under_way.commit()
        pausing.result()
        with pytest.raises(psycopg.Error) as refused:
            late.result()

    assert refused.value.sqlstate == "CO006"
    assert list(guard.lines(plan).values()) == ["applied", "applied", "pending", "pending"]


def test_a_paused_guard_refuses_and_a_resumed_one_goes_on(guard: Guard) -> None:
    guard.add_short_wallets(4)
    plan = guard.plan_and_begin()
    guard.batch(plan, limit=2)
    guard.call(CHECKER, "pause", "a deployment")
    with guard.refuses("CO006") as caught:
        guard.batch(plan)
    assert "checker" in str(caught.value)
    assert caught.value.diag.message_detail == "a deployment"
    with guard.refuses("CO006"):
        guard.begin(plan)
    guard.call(RUNNER, "resume", "it is over")
    assert guard.apply(plan)["applied"] == 4


@dataclass
class Stream:
    """Appliers that call batch after batch, through each pause, until all is done."""

    guard: Guard
    plan: int
    stop: threading.Event = field(default_factory=threading.Event)
    refused: int = 0

    def run(self) -> None:
        """Call small batches from the first line on; a pause is waited for."""
        with self.guard.session() as connection:
            while not self.stop.is_set():
                try:
                    if batch(connection, self.plan, limit=2) is None:
                        return
                except psycopg.Error as error:
                    if error.sqlstate != "CO006":
                        raise
                    self.refused += 1
                    time.sleep(0.01)


def test_a_pause_takes_effect_during_a_stream_of_batches(
    guard: Guard, beside: ThreadPoolExecutor
) -> None:
    guard.add_short_wallets(900)
    stream = Stream(guard, guard.plan_and_begin())
    running = [beside.submit(stream.run) for _ in range(APPLIERS)]
    seconds: list[float] = []
    with guard.session(CHECKER) as pauser, guard.session(RUNNER) as resumer:
        try:
            for _ in range(PAUSES):
                wait_for_progress(guard)
                started = time.monotonic()
                call(pauser, "pause", "stop")
                seconds.append(time.monotonic() - started)
                done = decided(guard)
                time.sleep(0.1)
                assert decided(guard) == done
                call(resumer, "resume", "go on")
        finally:
            stream.stop.set()
        for applier in running:
            applier.result()

    assert stream.refused > 0
    assert 0 < decided(guard) < 900
    assert statistics.median(seconds) < 0.2, seconds


def decided(guard: Guard) -> int:
    """Return how many lines have an outcome."""
    return int(guard.value("select count(*) from claim_ops.journal where line_no is not null"))


def wait_for_progress(guard: Guard) -> None:
    """Wait until the stream flows."""
    done = decided(guard)
    guard.wait_until(f"count(*) > {done + 10} from claim_ops.journal where line_no is not null")


def test_opening_a_plan_waits_for_a_pause_without_holding_the_plan(
    guard: Guard, beside: ThreadPoolExecutor
) -> None:
    """Else a batch that waits for the plan, and for which the pause waits, would be a deadlock."""
    guard.add_short_wallet("alice")
    plan = guard.approve(guard.plan())
    waiting = "count(*) = {} from pg_stat_activity where wait_event_type = 'Lock'"
    with guard.connect(autocommit=False) as batch_under_way:
        batch_under_way.execute("select from claim_ops.control for share")
        pausing = beside.submit(guard.call, RUNNER, "pause", "test")
        guard.wait_until(waiting.format(1))
        opening = beside.submit(guard.begin, plan)
        guard.wait_until(waiting.format(2))
        with guard.connect() as other:
            other.execute("select from claim_ops.plans for update nowait")
        batch_under_way.rollback()
    pausing.result()
    with pytest.raises(psycopg.Error, match="paused"):
        opening.result()
