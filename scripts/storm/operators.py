"""People at the guard: plans of every kind made, approved, applied, paused and rolled back."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

MAKER, CHECKER, RUNNER = "maker", "checker", "runner"
CLAIMCTL = "from claimctl.cli import main; main()"
NO_LIMITS = {
    "max_affected_share": 10**6,
    "max_wallets": 10**6,
    "max_net_quantity": 10**6,
    "max_suspected_spends": 10**6,
    "max_suspected_share": 10**6,
    "max_unexplained_excess": 10**6,
}
# The limits of what looks like somebody else's doing are raised with a ticket in the reason.
REASON = "SUP-412 storm"
# So many appliers at a time; more would only wait for the processor.
MOST_APPLIERS = 4
SKUS = ("consumable_streakshield_1", "consumable_xp_booster_7d", None)


@dataclass
class Operators:
    """Makes plans until stopped and starts appliers for them, which others may kill."""

    dsn: Callable[[str], str]
    random: random.Random
    tally: Counter[str] = field(default_factory=Counter)
    unexpected: list[str] = field(default_factory=list)
    appliers: list[subprocess.Popen[bytes]] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self) -> None:
        """Make, approve and apply plans until stopped."""
        first = ["wallets"]
        while not self.stopped.is_set():
            try:
                self.one(first.pop() if first else None)
            except psycopg.OperationalError as error:
                # Refusals for a lock that is held, or a server that is away: people try again.
                self.tally[f"again: {error.sqlstate}"] += 1
                self.stopped.wait(0.1)
            except psycopg.Error as error:
                self.tally[f"refused: {error.sqlstate}"] += 1
                if not (error.sqlstate or "").startswith("CO"):
                    self.unexpected.append(f"{error.sqlstate}: {error}")
            self.stopped.wait(self.random.uniform(0, 0.1))

    def one(self, kind: str | None = None) -> None:
        """Do one thing that somebody does."""
        kind = kind or self.random.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]
        plan_id = getattr(self, f"_{kind}")()
        if plan_id is None:
            return
        self.tally[f"plans: {kind}"] += 1
        if self.random.random() < 0.05:
            self.call(MAKER, "reject_plan", plan_id, REASON)
            return
        self.call(CHECKER, "approve_plan", plan_id)
        for _ in range(self.random.choice((1, 1, 2))):
            self.apply(plan_id)

    def call(self, login: str, function: str, *arguments: Any, **named: Any) -> Any:
        """Call a function of the guard as a login."""
        places = [*["%s"] * len(arguments), *(f"p_{name} => %s" for name in named)]
        values = [Jsonb(v) if isinstance(v, dict) else v for v in (*arguments, *named.values())]
        with psycopg.connect(self.dsn(login), autocommit=True) as connection:
            row = connection.execute(
                f"select claim_ops.{function}({', '.join(places)})".encode(), values
            ).fetchone()
        return row[0] if row else None

    def apply(self, plan_id: int) -> None:
        """Start a claimctl that applies the plan, when there is room for it."""
        while len(self.alive()) >= MOST_APPLIERS and not self.stopped.wait(0.05):
            pass
        applier = subprocess.Popen(
            [
                *(sys.executable, "-c", CLAIMCTL, "apply", str(plan_id), "--yes"),
                *("--dsn", self.dsn(RUNNER)),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd=tempfile.gettempdir(),
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        )
        with self.lock:
            self.appliers.append(applier)

    def alive(self) -> list[subprocess.Popen[bytes]]:
        """Return the appliers that run, and count how the others ended."""
        with self.lock:
            for applier in [each for each in self.appliers if each.poll() is not None]:
                self.tally[f"claimctl exit {applier.returncode}"] += 1
                self.appliers.remove(applier)
            return list(self.appliers)

    def finish(self, patience_seconds: float = 60) -> None:
        """Wait for the appliers, go on, and apply what is left of every open plan."""
        for applier in self.alive():
            applier.wait(patience_seconds)
        self.call(CHECKER, "resume", REASON)
        # Of those that nobody began some, so that the shortest storm has applied something.
        some = "select plan_id from claim_ops.plans where state = 'approved' order by 1 limit 3"
        for approved in self._values(some):
            self.apply(approved)
            for applier in self.alive():
                applier.wait(patience_seconds)
        while left := self._value(
            "select min(plan_id) from claim_ops.plans where state = 'applying'"
        ):
            self.apply(left)
            self.alive()[-1].wait(patience_seconds)
            self.alive()
            if (
                self._value("select state from claim_ops.plans where plan_id = %s", left)
                == "applying"
            ):
                raise RuntimeError(f"plan {left} cannot be finished")

    def _value(self, query: str, *values: Any) -> Any:
        with psycopg.connect(self.dsn(MAKER), autocommit=True) as connection:
            row = connection.execute(query.encode(), values).fetchone()
        return row[0] if row else None

    def _values(self, query: str) -> list[Any]:
        with psycopg.connect(self.dsn(MAKER), autocommit=True) as connection:
            return [row[0] for row in connection.execute(query.encode()).fetchall()]

    def _wallets(self) -> int:
        return int(self.call(MAKER, "plan_wallets", REASON, **{"raise": NO_LIMITS}))

    def _excess(self) -> int:
        return int(
            self.call(
                MAKER,
                "plan_wallets",
                REASON,
                include_excess=["streakshield", "xp_booster"],
                limit=self.random.choice((5, 40, 1000)),
                **{"raise": NO_LIMITS},
            )
        )

    def _recovery(self) -> int:
        return int(
            self.call(
                MAKER,
                "plan_recovery",
                REASON,
                "2000-01-01",
                "now",
                limit=self.random.choice((3, 30, 1000)),
                include_over_cap=self.random.random() < 0.7,
                claimed_at=self.random.choice(("purchase", "now")),
                **{"raise": NO_LIMITS},
            )
        )

    def _queue(self) -> int:
        return int(
            self.call(MAKER, "plan_queue", REASON, include_over_cap=True, **{"raise": NO_LIMITS})
        )

    def _override(self) -> int | None:
        with psycopg.connect(self.dsn("postgres"), autocommit=True) as connection:
            purchase = connection.execute(
                "select tx_id, user_id from audit_purchases"
                " left join purchase_claims using (tx_id, user_id)"
                " where claimed_at is null order by md5(tx_id || %s) limit 1",
                [str(self.random.random())],
            ).fetchone()
        if purchase is None:
            return None
        return int(
            self.call(MAKER, "plan_override", REASON, "T-1", *purchase, **{"raise": NO_LIMITS})
        )

    def _kill_switch(self) -> int:
        return int(
            self.call(
                MAKER,
                "plan_kill_switch",
                REASON,
                self.random.random() < 0.5,
                self.random.choice(SKUS),
            )
        )

    def _rollback(self) -> int | None:
        plan_id = self._value(
            "select plan_id from claim_ops.plans where state in ('applied', 'expired', 'applying')"
            " order by plan_id desc offset %s limit 1",
            int(self.random.expovariate(0.5)),
        )
        return plan_id and int(self.call(MAKER, "plan_rollback", plan_id, REASON))

    def _pause(self) -> None:
        self.call(MAKER, "pause", REASON)
        try:
            self.stopped.wait(self.random.uniform(0, 0.5))
        finally:
            self._resume()

    def _resume(self) -> None:
        while not self.stopped.is_set():
            try:
                self.call(CHECKER, "resume", REASON)
                return
            except psycopg.OperationalError:
                time.sleep(0.1)

    def _again(self) -> None:
        plan_id = self._value(
            "select plan_id from claim_ops.plans where state in ('approved', 'applying')"
            " order by md5(plan_id || %s) limit 1",
            str(self.random.random()),
        )
        if plan_id:
            self.apply(plan_id)

    def _verify(self) -> None:
        plan_id = self._value("select max(plan_id) from claim_ops.plans where state = 'applied'")
        if plan_id:
            self.call(RUNNER, "verify_plan", plan_id)


WEIGHTS = {
    "wallets": 5,
    "excess": 4,
    "recovery": 3,
    "queue": 2,
    "override": 1,
    "kill_switch": 2,
    "rollback": 7,
    "pause": 1,
    "again": 6,
    "verify": 1,
}
