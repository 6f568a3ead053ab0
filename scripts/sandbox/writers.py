"""One process of the claim service: answers made-up requests in its own way until it is stopped.

The kinds differ in how a claim and its wallet change are committed; all of them finish both halves.
Each writer logs what it was acknowledged, so that lost and doubled claims can be counted later.
"""

from __future__ import annotations

import hashlib
import json
import random
import signal
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import IO

import click
import psycopg

from sandbox.pid_files import hold_pid_file

SHIELD = "consumable_streakshield_1"
BOOSTER = "consumable_xp_booster_7d"
BOOSTER_HOURS = 168
RETRIES = 0.15
NEW_USERS = 0.25
PAUSE_SECONDS = 0.05
SKU_DISABLED = "sku_disabled"


@dataclass(frozen=True)
class Purchase:
    """What the store tells the service: a transaction of a user."""

    tx_id: str
    user_id: str
    sku: str


@dataclass(frozen=True)
class Answer:
    """The service's answer; `is_new` where it counts a claim that was not there before."""

    status_code: int
    error_code: str | None = None
    is_new: bool = False


Connection = psycopg.Connection[tuple[object, ...]]
Writer = Callable[[Connection, Purchase], Answer]


def user_id_of(user_number: int) -> str:
    """Return the id that users.sql gives the user of this number."""
    return str(uuid.UUID(hashlib.md5(f"user {user_number}".encode()).hexdigest()))


def claim_atomically(connection: Connection, purchase: Purchase) -> Answer:
    """Claim by the reference function: one transaction, the wallet locked before the caps."""
    with connection.transaction():
        known = _is_claimed(connection, purchase)
        row = connection.execute(
            "select status_code, error_code from claim_purchase(%s, %s, %s)",
            [purchase.tx_id, purchase.user_id, purchase.sku],
        ).fetchone()
    assert row is not None
    status_code, error_code = int(str(row[0])), None if row[1] is None else str(row[1])
    return Answer(status_code, error_code, is_new=status_code == 200 and not known)


def claim_then_wallet(connection: Connection, purchase: Purchase) -> Answer:
    """Commit the claim, then, a moment later, the wallet."""
    if answer := _refused_or_known(connection, purchase):
        return answer
    claimed_at = datetime.now(UTC)
    _insert_claim(connection, purchase, claimed_at)
    time.sleep(PAUSE_SECONDS)
    _credit_wallet(connection, purchase, claimed_at)
    return Answer(200, is_new=True)


def wallet_then_claim(connection: Connection, purchase: Purchase) -> Answer:
    """Commit the wallet, then, a moment later, the claim."""
    if answer := _refused_or_known(connection, purchase):
        return answer
    claimed_at = datetime.now(UTC)
    _credit_wallet(connection, purchase, claimed_at)
    time.sleep(PAUSE_SECONDS)
    _insert_claim(connection, purchase, claimed_at)
    return Answer(200, is_new=True)


def claim_with_upsert(connection: Connection, purchase: Purchase) -> Answer:
    """Write claim and wallet in one transaction, the wallet by an upsert, with no lock before."""
    if answer := _refused_or_known(connection, purchase):
        return answer
    claimed_at = datetime.now(UTC)
    with connection.transaction():
        _insert_claim(connection, purchase, claimed_at)
        connection.execute(
            """
            insert into user_wallet_balances as wallets
                (user_id, streakshield_count, xp_booster_until, updated_at)
            values (%(user_id)s, %(shields)s, %(until)s, %(claimed_at)s)
            on conflict (user_id) do update set
                streakshield_count = wallets.streakshield_count + excluded.streakshield_count,
                xp_booster_until = greatest(wallets.xp_booster_until, excluded.xp_booster_until),
                updated_at = excluded.updated_at
            """,
            _credit(purchase, claimed_at),
        )
    return Answer(200, is_new=True)


KINDS: dict[str, Writer] = {
    "atomic": claim_atomically,
    "claim-then-wallet": claim_then_wallet,
    "wallet-then-claim": wallet_then_claim,
    "upsert": claim_with_upsert,
}


def _is_claimed(connection: Connection, purchase: Purchase) -> bool:
    claims = connection.execute(
        "select from purchase_claims where tx_id = %s", [purchase.tx_id]
    ).rowcount
    return claims > 0


def _refused_or_known(connection: Connection, purchase: Purchase) -> Answer | None:
    """Answer by the switch, by what is claimed and by the caps; none where it is to be claimed."""
    is_on = connection.execute(
        "select from store_config where key = 'sku_enabled' and value -> %s = 'true'::jsonb",
        [purchase.sku],
    ).rowcount
    if not is_on:
        return Answer(403, SKU_DISABLED)
    if _is_claimed(connection, purchase):
        return Answer(200)
    row = connection.execute(
        """
        select
            count(*) filter (where claimed_at >= date_trunc('week', now(), 'UTC')) >= weekly_cap
            or count(*) filter (where claimed_at >= date_trunc('month', now(), 'UTC'))
                >= monthly_cap
        from sku_limits
        left join purchase_claims
            on sku_limits.sku = purchase_claims.sku and purchase_claims.user_id = %s
        where sku_limits.sku = %s
        group by weekly_cap, monthly_cap
        """,
        [purchase.user_id, purchase.sku],
    ).fetchone()
    return Answer(409, "cap_exceeded") if row == (True,) else None


def _insert_claim(connection: Connection, purchase: Purchase, claimed_at: datetime) -> None:
    connection.execute(
        "insert into purchase_claims (tx_id, user_id, sku, claimed_at) values (%s, %s, %s, %s)",
        [purchase.tx_id, purchase.user_id, purchase.sku, claimed_at],
    )


def _credit_wallet(connection: Connection, purchase: Purchase, claimed_at: datetime) -> None:
    connection.execute(
        "insert into user_wallet_balances (user_id) values (%s) on conflict do nothing",
        [purchase.user_id],
    )
    connection.execute(
        """
        update user_wallet_balances
        set
            streakshield_count = streakshield_count + %(shields)s,
            xp_booster_until = greatest(xp_booster_until, %(until)s),
            updated_at = %(claimed_at)s
        where user_id = %(user_id)s
        """,
        _credit(purchase, claimed_at),
    )


def _credit(purchase: Purchase, claimed_at: datetime) -> dict[str, object]:
    is_shield = purchase.sku == SHIELD
    return {
        "user_id": purchase.user_id,
        "shields": 1 if is_shield else 0,
        "until": None if is_shield else claimed_at + timedelta(hours=BOOSTER_HOURS),
        "claimed_at": claimed_at,
    }


class Requests:
    """An endless stream of purchases of old and new users, some of which come again."""

    def __init__(self, name: str, users: range, new_users: range) -> None:
        self.name = name
        self.users = users
        self.new_users = new_users
        self.random = random.Random(name)
        self.recent: deque[Purchase] = deque(maxlen=50)
        self.count = 0

    def next(self) -> Purchase:
        """Return the next purchase, or one of the last again."""
        if self.recent and self.random.random() < RETRIES:
            return self.random.choice(self.recent)
        pool = self.new_users if self.random.random() < NEW_USERS else self.users
        self.count += 1
        purchase = Purchase(
            tx_id=f"{self.name} {self.count}",
            user_id=user_id_of(self.random.choice(pool)),
            sku=SHIELD if self.random.random() < 0.6 else BOOSTER,
        )
        self.recent.append(purchase)
        return purchase


class Stop:
    """Becomes true when the process is asked to end; the request at hand is finished first."""

    def __init__(self) -> None:
        self.asked = False
        signal.signal(signal.SIGTERM, self._ask)
        signal.signal(signal.SIGINT, signal.SIG_IGN)

    def _ask(self, *_: object) -> None:
        self.asked = True


def answer_requests(
    connection: Connection,
    kind: str,
    requests: Requests,
    log: IO[str],
    per_second: float,
    deadline: float,
) -> None:
    """Answer requests at the given rate until the deadline of the monotonic clock or SIGTERM."""
    stop = Stop()
    while not stop.asked and time.monotonic() < deadline:
        purchase = requests.next()
        started = time.monotonic()
        _audit(connection, purchase)
        with _only_request_of(connection, purchase.user_id):
            answer = _answer(connection, kind, purchase)
        if answer.error_code == SKU_DISABLED:
            _queue(connection, purchase)
        if answer.is_new:
            entry = {"tx_id": purchase.tx_id, "user_id": purchase.user_id, "sku": purchase.sku}
            log.write(json.dumps(entry) + "\n")
            log.flush()
        seconds = time.monotonic() - started
        _measure(connection, answer, 1000 * seconds)
        time.sleep(max(0.0, requests.random.expovariate(per_second) - seconds))


def _answer(connection: Connection, kind: str, purchase: Purchase) -> Answer:
    """Answer a request; what the database refuses is an internal error, and the store retries."""
    try:
        return KINDS[kind](connection, purchase)
    except (psycopg.errors.RaiseException, psycopg.errors.UniqueViolation):
        return Answer(500, "internal_error")


def _queue(connection: Connection, purchase: Purchase) -> None:
    """Keep a purchase for later; the store's retries come as events of their own."""
    connection.execute(
        """
        insert into queued_purchases (tx_id, user_id, sku)
        values (%(tx_id)s, %(user_id)s, %(sku)s)
        """,
        vars(purchase),
    )


@contextmanager
def _only_request_of(connection: Connection, user_id: str) -> Iterator[None]:
    """Let one writer at a time answer a user, whose claims of one moment would overrun a cap."""
    connection.execute("select pg_advisory_lock(hashtextextended(%s, 0))", [user_id])
    try:
        yield
    finally:
        if not connection.closed:
            connection.execute("select pg_advisory_unlock(hashtextextended(%s, 0))", [user_id])


def _audit(connection: Connection, purchase: Purchase) -> None:
    connection.execute(
        """
        insert into audit_purchases (tx_id, user_id, sku, status)
        select %(tx_id)s, %(user_id)s, %(sku)s, 'NON_RENEWING_PURCHASE'
        where not exists (select from audit_purchases where tx_id = %(tx_id)s)
        """,
        vars(purchase),
    )


def _measure(connection: Connection, answer: Answer, milliseconds: float) -> None:
    connection.execute(
        """
        insert into function_metrics (function_name, status_code, duration_ms, error_code)
        values ('claim', %s, %s, %s)
        """,
        [answer.status_code, milliseconds, answer.error_code],
    )


@click.command()
@click.option("--kind", type=click.Choice([*KINDS]), required=True)
@click.option("--dsn", required=True)
@click.option("--name", required=True, help="Start of its tx_ids; no two may share it.")
@click.option("--users", type=int, nargs=2, required=True, help="First, and one after the last.")
@click.option("--new-users", type=int, nargs=2, required=True)
@click.option("--per-second", type=float, required=True)
@click.option("--seconds", type=float, required=True, help="It ends by itself after these.")
@click.option("--folder", type=Path, required=True, help="For its log and its pid file.")
def main(
    kind: str,
    dsn: str,
    name: str,
    users: tuple[int, int],
    new_users: tuple[int, int],
    per_second: float,
    seconds: float,
    folder: Path,
) -> None:
    """Run one writer, told by its options."""
    requests = Requests(name, range(*users), range(*new_users))
    deadline = time.monotonic() + seconds
    try:
        with (
            hold_pid_file(folder / f"{name}.pid"),
            (folder / f"{name}.jsonl").open("a") as log,
            psycopg.connect(dsn, autocommit=True) as connection,
        ):
            answer_requests(connection, kind, requests, log, per_second, deadline)
    except psycopg.OperationalError as error:
        raise SystemExit(f"the server went away: {error}") from None


if __name__ == "__main__":
    main()
