"""A database with the guard: wallets that are wrong, and the steps of a plan's life."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from support.databases import MODELS_SCHEMA, Database

MAKER, CHECKER, RUNNER, ALERTER = "maker", "checker", "runner", "alerter"
LOGINS = {
    MAKER: "claim_planner",
    CHECKER: "claim_approver",
    RUNNER: "claim_applier",
    ALERTER: "claim_alerter",
}
SHIELD = "consumable_streakshield_1"
BOOSTER = "consumable_xp_booster_7d"
LAST_PASS = 10
GATE = """
    create or replace function public.pass_gate(p_number bigint) returns boolean
    language plpgsql volatile as $$
    begin
        while not pg_try_advisory_lock_shared(p_number) loop
            perform pg_sleep(0.002);
        end loop;
        return pg_advisory_unlock_shared(p_number);
    end
    $$
"""


def since_wednesday(weeks: int) -> float:
    """Return the hours since noon of a Wednesday, so many weeks ago, in the middle of its month.

    A minute before and after it are of the same week, month and year on whatever day this runs.
    """
    now = datetime.now(UTC)
    wednesday = now - timedelta(weeks=weeks, days=now.weekday() - 2)
    while not 8 <= wednesday.day <= 22:
        wednesday -= timedelta(weeks=1)
    noon = wednesday.replace(hour=12, minute=0, second=0, microsecond=0)
    return (now - noon) / timedelta(hours=1)


class Guard(Database):
    """The test's database: maker plans, checker approves, runner applies."""

    def session(self, login: str = RUNNER, *, autocommit: bool = True) -> psycopg.Connection:
        """Open a connection as a login, with nothing that a transaction pooler would mind."""
        dsn = f"{self.server.dsn(self.name, login)} application_name={login}"
        return psycopg.connect(dsn, autocommit=autocommit, prepare_threshold=None)

    def call(self, login: str, function: str, *arguments: Any) -> Any:
        """Call a function of claim_ops as a login, committed, and return what it returns."""
        with self.session(login) as connection:
            return call(connection, function, *arguments)

    def add_claims(
        self, user_id: str, claims: int = 1, *, sku: str = SHIELD, hours_ago: float = 240
    ) -> None:
        """Add claims of a user to the ledger, made so long ago."""
        with self.connect() as connection:
            connection.execute(
                """
                insert into purchase_claims (tx_id, user_id, sku, claimed_at)
                select gen_random_uuid(), %s, %s, clock_timestamp() - %s * interval '1 hour'
                from generate_series(1, %s)
                """,
                [user_id, sku, hours_ago, claims],
            )

    def add_wallet(
        self,
        user_id: str,
        shields: int | None = 0,
        *,
        booster_hours: float | None = None,
        hours_ago: float = 241,
    ) -> None:
        """Add a wallet, last changed so long ago; its booster ends so many hours from now."""
        with self.connect() as connection:
            connection.execute(
                """
                insert into user_wallet_balances
                    (user_id, streakshield_count, xp_booster_until, updated_at)
                values (
                    %s, %s, clock_timestamp() + %s::float * interval '1 hour',
                    clock_timestamp() - %s * interval '1 hour'
                )
                """,
                [user_id, shields, booster_hours, hours_ago],
            )

    def mark_wrong(
        self, user_id: str, item: str = "streakshield", discrepancy: str = "short"
    ) -> None:
        """Hand the guard a key, as the models do; what is wrong it finds out by itself."""
        with self.connect() as connection:
            connection.execute(
                f"""
                insert into {MODELS_SCHEMA}.fct_wallet_discrepancies
                    (user_id, item, discrepancy_type, is_settled, built_at)
                values (%s, %s, %s, true, now())
                """.encode(),
                [user_id, item, discrepancy],
            )

    def add_short_wallet(self, user_id: str, claims: int = 2, shields: int = 1) -> None:
        """Add a user who is owed shields, known to the models."""
        self.add_wallet(user_id, shields)
        self.add_claims(user_id, claims)
        self.mark_wrong(user_id)

    def add_short_wallets(self, wallets: int) -> list[str]:
        """Add many users who have two claims and one shield; return their ids, in their order."""
        self.execute(
            f"""
            insert into user_wallet_balances
            select 'user-' || to_char(n, 'fm00000'), 1, null,
                clock_timestamp() - interval '241 hours'
            from generate_series(1, {wallets}) as n;
            insert into purchase_claims
            select n || '-' || k, 'user-' || to_char(n, 'fm00000'), '{SHIELD}',
                clock_timestamp() - interval '240 hours'
            from generate_series(1, {wallets}) as n, generate_series(1, 2) as k;
            insert into {MODELS_SCHEMA}.fct_wallet_discrepancies
                (user_id, item, discrepancy_type, is_settled, built_at)
            select 'user-' || to_char(n, 'fm00000'), 'streakshield', 'short', true, now()
            from generate_series(1, {wallets}) as n;
            """
        )
        return [f"user-{number:05d}" for number in range(1, wallets + 1)]

    def add_purchase(
        self,
        user_id: str | None,
        tx_id: str | None = "tx",
        *,
        sku: str | None = SHIELD,
        status: str = "NON_RENEWING_PURCHASE",
        hours_ago: float = 240,
        table: str = "audit_purchases",
    ) -> None:
        """Add a row to the audit trail, or to the queue, made so long ago."""
        at = f"clock_timestamp() - {hours_ago} * interval '1 hour'"
        columns, values = {
            "audit_purchases": (", status, purchased_at", f", %(status)s, {at}"),
            "queued_purchases": (", received_at", f", {at}"),
        }[table]
        with self.connect() as connection:
            connection.execute(
                f"""
                insert into {table} (tx_id, user_id, sku{columns})
                values (%(tx_id)s, %(user_id)s, %(sku)s{values})
                """.encode(),
                {"tx_id": tx_id, "user_id": user_id, "sku": sku, "status": status},
            )

    def plan(self, **arguments: Any) -> int:
        """Plan as the maker what plan_wallets finds, with the share raised: databases are small."""
        arguments.setdefault("raise", {"max_affected_share": 1})
        return self.make("plan_wallets", **arguments)

    def make(self, function: str, **arguments: Any) -> int:
        """Have a function of claim_ops make a plan, as the maker; return its id."""
        arguments.setdefault("reason", "test")
        named = ", ".join(f"p_{name} => %s" for name in arguments)
        values = [wrapped(value) for value in arguments.values()]
        with self.session(MAKER) as connection:
            row = connection.execute(
                f"select claim_ops.{function}({named})".encode(), values
            ).fetchone()
        assert row is not None
        return int(row[0])

    def approve(self, plan_id: int) -> int:
        """Approve a plan as the checker and return its id again."""
        self.call(CHECKER, "approve_plan", plan_id)
        return plan_id

    def begin(self, plan_id: int) -> int:
        """Open an approved plan for its batches and return its id again."""
        self.call(RUNNER, "begin_apply", plan_id)
        return plan_id

    def plan_and_begin(self, **arguments: Any) -> int:
        """Make a plan, have it approved and open it for its batches."""
        return self.begin(self.approve(self.plan(**arguments)))

    def batch(self, plan_id: int, *, limit: int = 500, number: int = 1) -> dict[str, Any] | None:
        """Apply one batch from the first undecided line on."""
        with self.session() as connection:
            return batch(connection, plan_id, limit=limit, number=number)

    def apply(self, plan_id: int, *, limit: int = 500) -> dict[str, Any]:
        """Apply an approved plan as the command line does; return what finish_apply says."""
        with self.session() as connection:
            return apply(connection, plan_id, limit=limit)

    def roll_back(self, plan_id: int) -> int:
        """Plan the rollback of a plan as the maker and have it approved; return its id."""
        return self.approve(self.call(MAKER, "plan_rollback", plan_id, "test"))

    def lines(self, plan_id: int) -> dict[str, str]:
        """Return each user's line: pending, applied, or why it was skipped."""
        return dict(
            self.rows(
                f"""
                select user_id, coalesce(skipped_because, state)
                from claim_ops.line_states where plan_id = {plan_id}
                """
            )
        )

    def left_out(self, plan_id: int) -> dict[str, str]:
        """Return each purchase that a plan left out, and why."""
        query = f"select tx_id, reason from claim_ops.plan_left_out where plan_id = {plan_id}"
        return dict(self.rows(query))

    def state(self, plan_id: int) -> str:
        """Return the state of a plan."""
        return str(self.value(f"select state from claim_ops.plans where plan_id = {plan_id}"))

    def shields(self, user_id: str) -> int | None:
        """Return the shields in a user's wallet, none where there is no wallet."""
        query = "select streakshield_count from user_wallet_balances where user_id = '{}'"
        rows = self.rows(query.format(user_id))
        return rows[0][0] if rows else None

    def snapshot(self) -> dict[str, list[tuple[Any, ...]]]:
        """Return all that a plan could write, and the plans: a refusal leaves them so."""
        return self.snapshot_of(
            *("user_wallet_balances", "purchase_claims", "store_config"),
            *("claim_ops.plans", "claim_ops.plan_lines", "claim_ops.plan_left_out"),
            *("claim_ops.journal", "claim_ops.journal_batches", "claim_ops.control"),
        )

    def snapshot_of(self, *tables: str) -> dict[str, list[tuple[Any, ...]]]:
        """Return the rows of tables."""
        return {table: self.rows(f"select * from {table} order by 1") for table in tables}

    @contextmanager
    def refuses(self, code: str, hint: str = "") -> Iterator[pytest.ExceptionInfo[psycopg.Error]]:
        """Expect this SQLSTATE with all its sentences, and nothing touched."""
        before = self.snapshot()
        with pytest.raises(psycopg.Error) as caught:
            yield caught
        assert (caught.value.sqlstate, str(caught.value)) == (code, str(caught.value))
        assert self.snapshot() == before
        if code.startswith("CO"):
            assert_says_what_to_do(caught.value, hint)

    def edit_function(self, name: str, old: str, new: str) -> str:
        """Replace a text that stands once in a function of claim_ops; return what it was."""
        definition = str(
            self.value(f"select pg_get_functiondef('claim_ops.{name}'::regproc) as definition")
        )
        assert definition.count(old) == 1, f"{name} holds it {definition.count(old)} times: {old}"
        self.execute(definition.replace(old, new))
        return definition

    @contextmanager
    def gate(self, function: str, *, when: str = "true") -> Iterator[Gate]:
        """Put a closed gate at a function's beginning, open when the block ends."""
        with Gate(self) as gate:
            passing = f"if {when} then perform {gate.call}; end if;"
            gate.ungated = self.edit_function(function, "\nbegin\n", f"\nbegin\n{passing}\n")
            yield gate

    @contextmanager
    def gate_in_query(self, function: str, condition: str) -> Iterator[Gate]:
        """Put a closed gate into a query, beside a condition: it is reached after the snapshot."""
        with Gate(self) as gate:
            gated = f"{condition} and {gate.call} is not null"
            gate.ungated = self.edit_function(function, condition, gated)
            yield gate

    def wait_until(self, condition: str, seconds: float = 10) -> None:
        """Wait until a condition on the server holds; fail when it never does."""
        deadline = time.monotonic() + seconds
        with self.connect() as connection:
            while connection.execute(f"select {condition}".encode()).fetchone() != (True,):
                assert time.monotonic() < deadline, f"never came true: {condition}"
                time.sleep(0.005)


class Gate:
    """An advisory lock, held until the gate is opened, for which a function of ours looks.

    The function sleeps instead of waiting for the lock, for which the guard has a time-out.
    """

    numbers = itertools.count(1)
    ungated: str

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.number = next(self.numbers)
        guard.execute(GATE)
        self.keeper = guard.connect()
        self.keeper.execute("select pg_advisory_lock(%s)", [self.number])

    @property
    def call(self) -> str:
        """The call that waits until the gate is open."""
        return f"public.pass_gate({self.number})"

    def wait_until_reached(self, sessions: int = 1) -> None:
        """Wait until so many sessions stand before a gate."""
        self.guard.wait_until(
            f"count(*) = {sessions} from pg_stat_activity"
            " where wait_event = 'PgSleep' and datname = current_database()"
        )

    def let_others_pass(self) -> None:
        """Take the gate out of the function: who stands before it stays, who comes passes."""
        self.guard.execute(self.ungated)

    def open(self) -> None:
        """Let everybody pass, now and later."""
        self.keeper.close()

    def __enter__(self) -> Gate:
        return self

    def __exit__(self, *_: object) -> None:
        self.open()


def assert_says_what_to_do(error: psycopg.Error, hint: str = "") -> None:
    """A refusal is a message, what is known, and the next command: one sentence each."""
    texts = [error.diag.message_primary, error.diag.message_detail, error.diag.message_hint]
    assert all(text and "\n" not in text and ". " not in text for text in texts), texts
    assert hint in str(texts[2])


def wrapped(value: Any) -> Any:
    """Return a Python value as psycopg takes it: dictionaries are jsonb."""
    return Jsonb(value) if isinstance(value, dict) else value


def call(connection: psycopg.Connection, function: str, *arguments: Any) -> Any:
    """Call a function of claim_ops and return what it returns."""
    places = ", ".join(["%s"] * len(arguments))
    row = connection.execute(
        f"select claim_ops.{function}({places})".encode(), [wrapped(value) for value in arguments]
    ).fetchone()
    return row[0] if row else None


def batch(
    connection: psycopg.Connection,
    plan_id: int,
    *,
    after: int = 0,
    limit: int = 500,
    number: int = 1,
) -> dict[str, Any] | None:
    """Apply one batch as the command line does; nothing is returned where no line is left."""
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute("select set_config('statement_timeout', '20s', true)")
        return cursor.execute(
            "select * from claim_ops.apply_batch(%s, %s, %s, %s)", [plan_id, after, limit, number]
        ).fetchone()


def apply(connection: psycopg.Connection, plan_id: int, *, limit: int = 500) -> dict[str, Any]:
    """Apply a plan: batches until no line is left, again for those that were busy."""
    call(connection, "begin_apply", plan_id)
    for number in range(1, LAST_PASS + 1):
        after = busy = 0
        while row := batch(connection, plan_id, after=after, limit=limit, number=number):
            after, busy = row["last_line"], busy + row["pending"]
        if busy == 0:
            break
    outcome: dict[str, Any] = call(connection, "finish_apply", plan_id)
    return outcome


def with_inherit(guard: Guard) -> str:
    """Return what a grant of a role has to say besides, where a membership may inherit nothing."""
    return " with inherit true" if guard.version() >= 16 else ""
