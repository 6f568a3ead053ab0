"""One live writer of the storm, a process of its own: writes until it is told to stop, and logs.

Before each transaction it appends its intent to its log and syncs it, after the commit's answer the
acknowledgement. What it wrote the service's history knows by the name of the operation.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

SHIELD = "consumable_streakshield_1"
BOOSTER = "consumable_xp_booster_7d"
BOOSTER_HOURS = 168
INSERT_CLAIM = (
    "insert into purchase_claims (tx_id, user_id, sku, claimed_at) values (%s, %s, %s, %s)"
)
CREATE_WALLET = """
    insert into user_wallet_balances (user_id, updated_at) values (%s, clock_timestamp())
    on conflict do nothing
"""
CREDIT = """
    update user_wallet_balances
    set
        streakshield_count = coalesce(streakshield_count, 0) + %s,
        xp_booster_until = greatest(xp_booster_until, %s),
        updated_at = %s
    where user_id = %s
"""
UPSERT = """
    insert into user_wallet_balances as wallets
        (user_id, streakshield_count, xp_booster_until, updated_at)
    values (%s, %s, %s, %s)
    on conflict (user_id) do update set
        streakshield_count = coalesce(wallets.streakshield_count, 0) + excluded.streakshield_count,
        xp_booster_until = greatest(wallets.xp_booster_until, excluded.xp_booster_until),
        updated_at = excluded.updated_at
"""
Step = tuple[str, list[Any]]


class Lost(Exception):
    """The connection is gone; whether the transaction was committed nobody said."""


class Writer:
    """A writer of one kind, its users and its random choices."""

    def __init__(self, given: argparse.Namespace) -> None:
        self.given = given
        self.random = random.Random(f"{given.seed} {given.name}")
        self.log = os.open(given.log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self.connection: psycopg.Connection[Any] | None = None
        self.count = 0
        self.stopped = False
        self.last: tuple[str, str, str] | None = None
        signal.signal(signal.SIGTERM, self._stop)

    def _stop(self, *_: object) -> None:
        self.stopped = True

    def run(self) -> None:
        """Write in the way of this kind until the end."""
        write = KINDS[self.given.kind]
        while not self.stopped:
            try:
                write(self)
            except Lost:
                time.sleep(0.05)
            time.sleep(self.random.expovariate(self.given.per_second))

    def user(self) -> str:
        """Return any user."""
        return f"user-{self.random.randint(1, self.given.users):04d}"

    def purchase(self) -> tuple[str, str, str]:
        """Return a purchase that the store has told of: its transaction, user and SKU."""
        self.count += 1
        tx_id, user_id = f"{self.given.name}-{self.count}", self.user()
        sku = SHIELD if self.random.random() < 0.7 else BOOSTER
        self.commit(
            "audit",
            [(
                "insert into audit_purchases (tx_id, user_id, sku, status)"
                " values (%s, %s, %s, 'NON_RENEWING_PURCHASE')",
                [tx_id, user_id, sku],
            )],
        )  # fmt: skip
        return tx_id, user_id, sku

    def commit(
        self,
        what: str,
        steps: list[Step],
        *,
        seconds: float = 0,
        hold: float = 0,
        **told: Any,
    ) -> bool:
        """Commit steps as one transaction and log it; `hold` seconds are spent before the commit.

        `seconds` is all the time that it may take, so that a second half is not late. Returns
        whether it was done; raises Lost where nobody knows.
        """
        self.count += 1
        op = f"{self.given.name}/{self.count}"
        self._log(op=op, phase="intent", what=what, **told)
        try:
            connection = self._connected()
            with connection.transaction():
                connection.execute(
                    "select set_config('storm.op', %s, true),"
                    " set_config('statement_timeout', %s, true)",
                    [op, str(int(1000 * seconds))],
                )
                answer = None
                for statement, values in steps:
                    cursor = connection.execute(statement.encode(), values)
                    answer = cursor.fetchone() if cursor.description else None
                time.sleep(hold)
        except psycopg.OperationalError as error:
            if error.sqlstate in ("40P01", "57014"):
                self._log(op=op, phase="died", code=error.sqlstate, detail=str(error))
                return False
            self._log(op=op, phase="lost", code=error.sqlstate)
            self._close()
            raise Lost from error
        except psycopg.Error as error:
            self._log(op=op, phase="died", code=error.sqlstate, detail=str(error))
            return False
        self._log(op=op, phase="ack", answer=[str(value) for value in answer or ()])
        return True

    def _connected(self) -> psycopg.Connection[Any]:
        if self.connection is None or self.connection.closed:
            self.connection = psycopg.connect(
                self.given.dsn, autocommit=True, application_name=f"writer {self.given.name}"
            )
        return self.connection

    def _close(self) -> None:
        if self.connection is not None:
            self.connection.close()

    def _log(self, **entry: Any) -> None:
        os.write(self.log, (json.dumps({**entry, "at": time.time()}) + "\n").encode())
        os.fsync(self.log)


def credit(sku: str, claimed_at: datetime) -> tuple[int, datetime | None]:
    """Return the shields of a SKU and when its booster ends."""
    if sku == SHIELD:
        return 1, None
    return 0, claimed_at + timedelta(hours=BOOSTER_HOURS)


def claim_atomically(writer: Writer) -> None:
    """Claim and wallet in one transaction by the reference function; a retry now and then."""
    again = writer.last is not None and writer.random.random() < 0.3
    purchase = writer.last if again and writer.last else writer.purchase()
    writer.last = purchase
    tx_id, user_id, sku = purchase
    call = ("select * from claim_purchase(%s, %s, %s)", [tx_id, user_id, sku])
    writer.commit("atomic", [call], tx_id=tx_id, user_id=user_id, sku=sku)


def retry_for_ever(writer: Writer) -> None:
    """The store's webhook: the same purchase until it is acknowledged, and once more."""
    tx_id, user_id, sku = writer.purchase()
    call = ("select * from claim_purchase(%s, %s, %s)", [tx_id, user_id, sku])
    for _ in range(5):
        try:
            if writer.commit("atomic", [call], tx_id=tx_id, user_id=user_id, sku=sku):
                break
        except Lost:
            time.sleep(0.1)
    writer.commit("atomic", [call], tx_id=tx_id, user_id=user_id, sku=sku)


def upsert(writer: Writer) -> None:
    """Claim and wallet in one transaction, the wallet by an upsert, without a lock before."""
    tx_id, user_id, sku = writer.purchase()
    at = datetime.now(UTC)
    writer.commit(
        "upsert",
        [
            (INSERT_CLAIM, [tx_id, user_id, sku, at]),
            (UPSERT, [user_id, *credit(sku, at), at]),
        ],
        tx_id=tx_id,
        user_id=user_id,
        sku=sku,
    )


def in_two_commits(writer: Writer, *, wallet_first: bool, dies: float = 0) -> None:
    """Claim and wallet one after the other, in less than the quiet time; some die between them."""
    tx_id, user_id, sku = writer.purchase()
    at = datetime.now(UTC)
    claim: list[Step] = [(INSERT_CLAIM, [tx_id, user_id, sku, at])]
    wallet: list[Step] = [
        (CREATE_WALLET, [user_id]),
        (CREDIT, [*credit(sku, at), at, user_id]),
    ]
    told: dict[str, Any] = {"tx_id": tx_id, "user_id": user_id, "sku": sku}
    # Later than this the second half would be the late one that nothing can protect.
    patience = writer.given.quiet_seconds * 0.6
    halves = {"claim": claim, "wallet": wallet}
    first, second = ("wallet", "claim") if wallet_first else ("claim", "wallet")
    if not writer.commit(f"half {first}", halves[first], seconds=patience, **told):
        return
    if writer.random.random() < dies:
        return
    time.sleep(writer.random.uniform(0, patience / 3))
    left = patience - (datetime.now(UTC) - at).total_seconds()
    if left > 0.05:
        writer.commit(f"half {second}", halves[second], seconds=left, **told)


def edit(writer: Writer) -> None:
    """A hand edit of a few wallets, with or without their time."""
    users = sorted({writer.user() for _ in range(writer.random.choice((1, 1, 6)))})
    by = writer.random.choice((-1, 1, 2))
    time_too = ", updated_at = clock_timestamp()" if writer.random.random() < 0.2 else ""
    writer.commit(
        "edit",
        [
            (
                "update user_wallet_balances set streakshield_count ="
                f" greatest(0, coalesce(streakshield_count, 0) + %s){time_too} where user_id = %s",
                [by, user_id],
            )
            for user_id in users
        ],
        users=users,
    )


def edit_there_and_back(writer: Writer) -> None:
    """A wallet changed and changed back, its time untouched: the same value by another hand."""
    user_id = writer.user()
    for by in (1, -1):
        writer.commit(
            "edit",
            [(
                "update user_wallet_balances set streakshield_count = streakshield_count + %s"
                " where user_id = %s",
                [by, user_id],
            )],
            users=[user_id],
        )  # fmt: skip


def spend(writer: Writer) -> None:
    """A shield that is used up: wallet and adjustment in one transaction."""
    user_id = writer.user()
    writer.commit(
        "spend",
        [
            (
                "with spent as (update user_wallet_balances set streakshield_count ="
                " streakshield_count - 1, updated_at = clock_timestamp()"
                " where user_id = %s and streakshield_count > 0 returning user_id)"
                " insert into wallet_adjustments (adjustment_id, user_id, item, quantity)"
                " select %s, user_id, 'streakshield', -1 from spent",
                [user_id, f"{writer.given.name}-{writer.count}"],
            )
        ],
        user_id=user_id,
    )


def delete(writer: Writer) -> None:
    """A wallet that is deleted, and sometimes made again in the same transaction."""
    user_id = writer.user()
    steps: list[Step] = [("delete from user_wallet_balances where user_id = %s", [user_id])]
    if writer.random.random() < 0.5:
        steps.append((CREATE_WALLET, [user_id]))
    writer.commit("delete", steps, user_id=user_id)


def hold(writer: Writer) -> None:
    """A transaction that holds wallets for seconds, and comes for another one at its end."""
    users = [writer.user() for _ in range(3)]
    steps: list[Step] = [
        ("select from user_wallet_balances where user_id = %s for update", [user_id])
        for user_id in sorted(users)
    ]
    writer.commit("hold", steps, hold=writer.random.uniform(0.2, 2), users=users)


def register(writer: Writer) -> None:
    """Several wallets inserted in one transaction, where they are missing, then one updated."""
    users = [writer.user() for _ in range(8)]
    steps: list[Step] = [(CREATE_WALLET, [user_id]) for user_id in users]
    steps.append((CREDIT, [0, None, datetime.now(UTC), users[0]]))
    writer.commit("register", steps, hold=writer.random.uniform(0, 0.3), users=users)


def queue(writer: Writer) -> None:
    """A purchase that is kept for later, and claimed by the service itself now and then."""
    tx_id, user_id, sku = writer.purchase()
    writer.commit(
        "queue",
        [(
            "insert into queued_purchases (tx_id, user_id, sku) values (%s, %s, %s)",
            [tx_id, user_id, sku],
        )],
    )  # fmt: skip
    if writer.random.random() < 0.3:
        time.sleep(writer.random.uniform(0, 2 * writer.given.quiet_seconds))
        call = ("select * from claim_purchase(%s, %s, %s)", [tx_id, user_id, sku])
        writer.commit("atomic", [call], tx_id=tx_id, user_id=user_id, sku=sku)


KINDS: dict[str, Callable[[Writer], None]] = {
    "atomic": claim_atomically,
    "retry": retry_for_ever,
    "upsert": upsert,
    "claim-then-wallet": lambda writer: in_two_commits(writer, wallet_first=False),
    "wallet-then-claim": lambda writer: in_two_commits(writer, wallet_first=True),
    "claim-and-die": lambda writer: in_two_commits(writer, wallet_first=False, dies=0.7),
    "wallet-and-die": lambda writer: in_two_commits(writer, wallet_first=True, dies=0.7),
    "edit": edit,
    "there-and-back": edit_there_and_back,
    "spend": spend,
    "delete": delete,
    "hold": hold,
    "register": register,
    "queue": queue,
}


def main() -> None:
    """Run one writer, told by its arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kind", choices=KINDS, required=True)
    parser.add_argument("--name", required=True)
    parser.add_argument("--dsn", required=True)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--users", type=int, required=True)
    parser.add_argument("--per-second", type=float, required=True)
    parser.add_argument("--quiet-seconds", type=float, required=True)
    Writer(parser.parse_args()).run()


if __name__ == "__main__":
    main()
