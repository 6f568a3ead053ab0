"""Random rounds of a claim service between builds of the wallets, and builds without dbt.

A build is the statements that dbt ran, at a moment of the test's own; what it keeps is held
against the model's own query at that moment, row by row.
"""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from time import sleep
from typing import Any

import psycopg

from support.databases import MODELS_SCHEMA, Database
from support.histories import CATALOG, UNKNOWN_SKU

KEPT = f"{MODELS_SCHEMA}.int_wallet_balances"
# Claims of wrong users that are not kept, and those that are kept and not there.
WRONG_CLAIMS = f"""
with

claims as (
    select * from {MODELS_SCHEMA}.stg_claim_service__purchase_claims
),

wrong as (
    select distinct user_id from ({{wrong}}) as discrepancies
)

(
    select 'missing', claims.* from claims join wrong on claims.user_id = wrong.user_id
    except all select 'missing', * from {KEPT}__claims
)
union all
(select 'kept', * from {KEPT}__claims except all select 'kept', * from claims)
"""
ITEMS = ("streakshield", "xp_booster", "an_item_of_last_year")
MODELS = ("fct_wallet_discrepancies", "rpt_wallet_balance_health")


@dataclass
class Builds:
    """The statements that dbt left of its last run of the wallet models."""

    statements: str
    query: str
    models: dict[str, str]
    said: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, target: Path) -> Builds:
        """Read them from dbt's target folder."""

        def text(folder: str, model: str) -> str:
            return next(target.glob(f"{folder}/**/{model}.sql")).read_text()

        models = {model: text("compiled", model) for model in MODELS}
        query = text("compiled", "int_wallet_balances")
        return cls(text("run", "int_wallet_balances"), query, models)

    def start(self, connection: psycopg.Connection, now: datetime) -> None:
        """Run a build up to its commit."""
        statements = self.statements.replace("clock_timestamp()", _moment(now))
        assert statements != self.statements
        connection.execute(statements.encode())

    def build(self, connection: psycopg.Connection, now: datetime) -> str:
        """Run a build as dbt does; return what it says."""
        self.start(connection, now)
        row = connection.execute(f"select said from {KEPT}__state".encode()).fetchone()
        connection.execute("commit")
        assert row is not None
        self.said.append(row[0])
        return str(row[0])

    def kill_one(self, database: Database, now: datetime) -> None:
        """Let a build die before its commit."""
        with database.connect() as doomed, database.connect() as killer:
            self.start(doomed, now)
            killer.execute("select pg_terminate_backend(%s, 5000)", [doomed.info.backend_pid])
            with suppress(psycopg.OperationalError):
                doomed.execute("commit")

    def build_twice_at_once(self, database: Database, now: datetime) -> None:
        """Let a build wait for the lock of another."""
        with ThreadPoolExecutor(1) as beside, database.connect() as connection:
            self.start(connection, now)
            with database.connect() as second:
                waiting = beside.submit(self.build, second, now)
                sleep(0.02)
                connection.execute("commit")
                waiting.result()

    @property
    def full(self) -> int:
        """How many of the builds computed all users."""
        return sum(said.startswith("All users") for said in self.said)

    def differences(self, connection: psycopg.Connection) -> list[tuple[object, ...]]:
        """Return the rows that are kept and should not be, and those that are missing."""
        with connection.transaction():
            return self._differences(connection)

    def _differences(self, connection: psycopg.Connection) -> list[tuple[object, ...]]:
        row = connection.execute(f"select built_at from {KEPT}__state".encode()).fetchone()
        assert row is not None
        query = self.query.replace("statement_timestamp()", _moment(row[0]))
        connection.execute(
            f"""
            create temporary table expected on commit drop as
            select *, null::boolean as is_at_rest from ({query}) as computed;
            create temporary table no_totals (like {KEPT}__totals) on commit drop;
            """.encode()
        )
        pairs = [(f"select * from {KEPT}", "select * from expected")]
        pairs += [(model, _of_expected(model)) for model in self.models.values()]
        found: list[tuple[object, ...]] = []
        for kept, expected in pairs:
            found += connection.execute(
                f"""
                with kept as ({_rows(kept, row[0])}), expected as ({_rows(expected, row[0])})
                (select 'kept', * from kept except all select 'kept', * from expected)
                union all
                (select 'missing', * from expected except all select 'missing', * from kept)
                """.encode()
            ).fetchall()
        wrong = self.models["fct_wallet_discrepancies"]
        return found + connection.execute(WRONG_CLAIMS.format(wrong=wrong).encode()).fetchall()


def _moment(now: datetime) -> str:
    return f"timestamptz '{now.isoformat()}'"


def _of_expected(model: str) -> str:
    """Return a model's query on rows that were all computed anew."""
    quoted = f'"claims"."{MODELS_SCHEMA}"."int_wallet_balances"'
    totals = f'"{MODELS_SCHEMA}"."int_wallet_balances__totals"'
    assert quoted in model
    return model.replace(quoted, "expected").replace(totals, "no_totals")


def _rows(query: str, now: datetime) -> str:
    """Return a query for the rows of another as JSON; whether one is at rest is the build's own."""
    query = query.replace("statement_timestamp()", _moment(now))
    return f"select to_jsonb(rows) - 'is_at_rest' as contents from ({query}) as rows"


@dataclass(frozen=True)
class World:
    """The settings of a service, and what makes its tables of those of the reference."""

    user_id_type: str = "text"
    adjusts: bool = False
    vars: dict[str, Any] = field(default_factory=dict)
    tables: str = ""
    soft_deletes: tuple[tuple[str, Any], ...] = ()

    @property
    def all_vars(self) -> dict[str, Any]:
        """The vars that dbt gets."""
        known = {"user_id_data_type": self.user_id_type, "has_wallet_adjustments": self.adjusts}
        return {**known, **self.vars}


class Rounds:
    """A random service: each round changes something of a few users, in any way."""

    def __init__(self, seed: int, database: Database, now: datetime, world: World) -> None:
        self.rng = random.Random(seed)
        self.database = database
        self.now = now
        self.world = world
        self.numbers = 0
        self.users = [
            str(uuid.UUID(int=self.rng.getrandbits(128)))
            if world.user_id_type == "uuid"
            else f"user-{number}"
            for number in range(30)
        ]
        # A transaction that stays open over builds, and the users whose rows it may have locked.
        self.open: psycopg.Connection | None = None
        self.locked: set[str] = set()

    def round(self, connection: psycopg.Connection) -> None:
        """Let time pass, and do a few things in transactions of a few statements each."""
        self.now += self.rng.choice([timedelta(seconds=1), timedelta(hours=self.rng.randrange(40))])
        for _ in range(self.rng.randrange(4)):
            with connection.transaction():
                self._statements(connection, self.rng.randrange(1, 4))
        if self.open is None and self.rng.random() < 0.3:
            self._begin()
        elif self.open is not None and self.rng.random() < 0.5:
            self.end()

    def fill(self, connection: psycopg.Connection) -> None:
        """Give the service a past, whose users are mostly at rest."""
        now = self.now
        self.now -= timedelta(days=30)
        for _ in range(60):
            self._claim(connection)
        for user in self.users[:20]:
            self._wallet(connection, user)
        self.now = now

    def end(self) -> None:
        """End the open transaction, one way or the other."""
        if self.open is not None:
            self.rng.choice([self.open.commit, self.open.rollback])()
            self.open.close()
            self.open = None
            self.locked = set()

    def _begin(self) -> None:
        self.open = self.database.connect(autocommit=False)
        free = self.users
        self.users = self.rng.sample(free, 4)
        try:
            with suppress(_RolledBack), self.open.transaction():
                self._statements(self.open, 2)
                if self.rng.random() < 0.4:
                    raise _RolledBack
            self._statements(self.open, 1)
            self.locked = set(self.users)
        finally:
            self.users = free

    def _statements(self, connection: psycopg.Connection, number: int) -> None:
        changes: list[Callable[[psycopg.Connection], None]] = [
            *(self._claim, self._claim, self._claim_anew, self._change_claims),
            *(self._delete_claims, self._wallet, self._edit_wallet, self._delete_wallet),
        ]
        if self.world.adjusts:
            changes += [self._adjust, self._change_adjustments]
        for _ in range(number):
            self.rng.choice(changes)(connection)

    def _user(self) -> str:
        return self.rng.choice([user for user in self.users if user not in self.locked])

    def _when(self) -> datetime:
        """Now, late, or ahead of time."""
        return self.rng.choice(
            [
                self.now,
                self.now,
                self.now - timedelta(hours=self.rng.randrange(1000)),
                self.now + timedelta(hours=self.rng.randrange(30)),
            ]
        )

    def _sku(self) -> str:
        return self.rng.choice([*CATALOG, *CATALOG, UNKNOWN_SKU])

    def _claim(self, connection: psycopg.Connection) -> None:
        self.numbers += 1
        user = self._user() if self.rng.random() < 0.95 else None
        connection.execute(
            "insert into purchase_claims (tx_id, user_id, sku, claimed_at) values (%s, %s, %s, %s)",
            [f"tx-{self.numbers}", user, self._sku(), self._when()],
        )

    def _some_claims(self) -> str:
        which = self.rng.choice(["", "order by tx_id limit 1", "order by tx_id desc limit 2"])
        return f"tx_id in (select tx_id from purchase_claims where user_id = %s {which})"

    def _change_claims(self, connection: psycopg.Connection) -> None:
        to, value = self.rng.choice(
            [
                ("sku = %s", self._sku()),
                ("user_id = %s", self._user()),
                ("user_id = %s", None),
                ("claimed_at = %s", self._when()),
                ("sku = coalesce(sku, %s)", ""),
                *self.world.soft_deletes,
            ]
        )
        statement = f"update purchase_claims set {to} where {self._some_claims()}"
        connection.execute(statement.encode(), [value, self._user()])

    def _delete_claims(self, connection: psycopg.Connection) -> None:
        statement = f"delete from purchase_claims where {self._some_claims()}"
        connection.execute(statement.encode(), [self._user()])

    def _claim_anew(self, connection: psycopg.Connection) -> None:
        """Delete and insert as many in one transaction."""
        self._delete_claims(connection)
        self._claim(connection)

    def _wallet(self, connection: psycopg.Connection, user: str | None = None) -> None:
        connection.execute(
            """
            insert into user_wallet_balances as wallets
                (user_id, streakshield_count, xp_booster_until, updated_at)
            select users.user_id, count(*) filter (where sku like '%%streakshield%%'), %s, %s
            from (select %s::text as user_id) as users
            left join purchase_claims on purchase_claims.user_id::text = users.user_id
            group by users.user_id
            on conflict (user_id) do update set
                streakshield_count = excluded.streakshield_count,
                updated_at = excluded.updated_at
            """.replace(
                "select users.user_id,", f"select users.user_id::{self.world.user_id_type},"
            ).encode(),
            [self.rng.choice([None, self._when()]), self._when(), user or self._user()],
        )

    def _edit_wallet(self, connection: psycopg.Connection) -> None:
        to, value = self.rng.choice(
            [
                ("streakshield_count = streakshield_count + %s", self.rng.choice([-1, 1])),
                ("xp_booster_until = %s", self.rng.choice([None, self._when()])),
                ("updated_at = %s", self.rng.choice([None, self._when()])),
                ("streakshield_count = streakshield_count + %s", 0),
            ]
        )
        statement = f"update user_wallet_balances set {to} where user_id = %s"
        connection.execute(statement.encode(), [value, self._user()])

    def _delete_wallet(self, connection: psycopg.Connection) -> None:
        connection.execute("delete from user_wallet_balances where user_id = %s", [self._user()])

    def _adjust(self, connection: psycopg.Connection) -> None:
        self.numbers += 1
        connection.execute(
            "insert into wallet_adjustments (adjustment_id, user_id, item, quantity, adjusted_at)"
            " values (%s, %s, %s, %s, %s)",
            [
                *(str(self.numbers), self._user(), self.rng.choice(ITEMS)),
                *(self.rng.choice([-30, -1, 1, 24]), self._when()),
            ],
        )

    def _change_adjustments(self, connection: psycopg.Connection) -> None:
        changes: list[tuple[str, list[Any]]] = [
            ("update wallet_adjustments set quantity = %s", [self.rng.randrange(-9, 9)]),
            ("update wallet_adjustments set item = %s", [self.rng.choice(ITEMS)]),
            ("update wallet_adjustments set user_id = %s", [self._user()]),
            ("delete from wallet_adjustments", []),
        ]
        statement, values = self.rng.choice(changes)
        connection.execute(f"{statement} where user_id = %s".encode(), [*values, self._user()])


class _RolledBack(Exception):
    """What takes a subtransaction back."""
