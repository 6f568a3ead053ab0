"""Ways in which the guard was got around, each closed: a test a way, named after it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import psycopg
import pytest
from support.dbt_project import ROOT
from support.guard import CHECKER, MAKER, RUNNER, Guard
from support.guard_templates import Guards, install

INSERT = "insert into user_wallet_balances (user_id, streakshield_count) values (%s, 1)"
WAITING = "exists (select from pg_locks where not granted)"


def test_a_batch_has_one_deadline_for_all_missing_wallets_and_holds_no_other_meanwhile(
    guard: Guard, beside: ThreadPoolExecutor
) -> None:
    """A writer holds 45 of them and comes for a wallet of the batch: it never waits in a circle."""
    missing = [f"missing-{number:02d}" for number in range(45)]
    guard.add_short_wallet("a-first")
    for user_id in missing:
        guard.add_claims(user_id)
        guard.mark_wrong(user_id, discrepancy="missing_wallet")
    plan = guard.plan_and_begin(**{"raise": {"max_affected_share": 99}})
    with guard.connect(autocommit=False) as writer:
        for user_id in missing:
            writer.execute(INSERT, [user_id])
        started = time.monotonic()
        applying = beside.submit(guard.batch, plan)
        guard.wait_until(WAITING)
        writer.execute("set lock_timeout = '300ms'")
        writer.execute(
            "update user_wallet_balances set updated_at = now() where user_id = 'a-first'"
        )
        applying.result()
        # Half of deadlock_timeout, whatever the number of wallets.
        assert time.monotonic() - started < 0.9
        writer.rollback()

    guard.apply(plan)
    assert set(guard.lines(plan).values()) == {"applied"}


NO_KEY = {
    "purchase_claims": ("tx_id", "sku", "purchase_claims_pkey"),
    "user_wallet_balances": ("user_id", "updated_at", "user_wallet_balances_pkey"),
}


def tables_without_a_key(guard: Guard) -> Iterator[tuple[str, str, str]]:
    """Take the key off each table, in each way that seems to leave one; at last it is back."""
    for table, (column, other, key) in NO_KEY.items():
        replaced = f"alter table {table} drop constraint {key};"
        for near, statement in {
            "no key": "",
            "a key of two columns": f"create unique index on {table} ({column}, {other})",
            "a key of some rows": f"create unique index on {table} ({column}) where user_id <> ''",
            "a deferred key": f"alter table {table} add unique ({column}) deferrable",
        }.items():
            guard.execute(replaced + statement)
            yield table, near, f"create unique index concurrently on public.{table} ({column});"
            replaced = "".join(
                f"drop index {name};"
                if name.endswith("idx")
                else f"alter table {table} drop constraint {name};"
                for (name,) in guard.rows(
                    f"select indexrelid::regclass::text from pg_index"
                    f" where indrelid = '{table}'::regclass and indisunique"
                )
            )
        guard.execute(f"{replaced} alter table {table} add constraint {key} primary key ({column})")


def test_claims_and_wallets_without_a_key_are_refused(
    guards: Guards, guard: Guard, subtests: pytest.Subtests
) -> None:
    """At the plan, in a batch of a plan that was made before, and at the installation."""
    guard.add_wallet("alice", 1)
    guard.add_claims("alice")
    guard.add_purchase("alice", "lost", hours_ago=2000)
    arguments = {"from": "2000-01-01", "to": "now"}
    plan = guard.begin(guard.approve(guard.make("plan_recovery", **arguments)))
    for table, near, hint in tables_without_a_key(guard):
        with subtests.test(f"{table}, {near}: plan"), guard.refuses("CO015", hint):
            guard.make("plan_recovery", **arguments)
        with subtests.test(f"{table}, {near}: batch"), guard.refuses("CO015", hint):
            guard.batch(plan)
    # Afterwards, since it makes the functions anew.
    for table, near, hint in tables_without_a_key(guard):
        # Without a key of claims the guard works for wallets: claims may be partitioned.
        refuses = guard.refuses("CO015", hint) if "wallet" in table else nullcontext()
        with subtests.test(f"{table}, {near}: install"), refuses, guard.connect() as owner:
            install(owner, guards.script({"settle_minutes": 0}))
    guard.apply(plan)
    assert guard.lines(plan) == {"alice": "applied"}


# The journal's chain and its locks


HELD = {
    "an advisory lock that any login may take": (
        CHECKER,
        "select pg_advisory_lock(hashtextextended(name, 0))"
        " from unnest(array['claim_ops.journal', 'claim_ops.breakers']) as name",
    ),
    "a planner who idles after his plan": (
        MAKER,
        "select claim_ops.plan_kill_switch('test', false)",
    ),
    "an applier who idles after a look": (RUNNER, "select claim_ops.verify_plan({looked_at})"),
}


def test_nobody_who_idles_holds_up_a_batch(guard: Guard, subtests: pytest.Subtests) -> None:
    guard.add_short_wallet("looked at")
    looked_at = guard.approve(guard.plan())
    guard.apply(looked_at)
    for number, (name, (login, statement)) in enumerate(HELD.items()):
        guard.add_short_wallet(f"alice-{number}")
        plan = guard.plan_and_begin(user_id=f"alice-{number}")
        with guard.session(login, autocommit=False) as idle, subtests.test(name):
            idle.execute(statement.format(looked_at=looked_at).encode())
            started = time.monotonic()
            guard.batch(plan)
            assert time.monotonic() - started < 0.5
            assert guard.lines(plan) == {f"alice-{number}": "applied"}
            idle.commit()
    assert guard.rows("select * from claim_ops.check_journal()") == []


def test_no_login_locks_the_chain_and_a_batch_waits_for_it_no_longer_than_a_commit(
    guard: Guard, subtests: pytest.Subtests
) -> None:
    for login in (MAKER, CHECKER, RUNNER):
        for statement in (
            "select from claim_ops.locks for share",
            "update claim_ops.locks set name = name",
            "lock table claim_ops.locks in row exclusive mode",
            "lock table claim_ops.journal_batches in row exclusive mode",
        ):
            with subtests.test(f"{login}: {statement}"), guard.refuses("42501"):
                guard.session(login, autocommit=False).execute(statement.encode())
    guard.add_short_wallet("alice")
    plan = guard.plan_and_begin()
    with guard.connect(autocommit=False) as owner:
        owner.execute("select from claim_ops.locks for update")
        started = time.monotonic()
        with guard.refuses("55P03"):
            guard.batch(plan)
        # 100 ms and what a loaded machine needs; its statement_timeout would be 20 s.
        assert time.monotonic() - started < 5
        owner.rollback()
    guard.batch(plan)
    assert guard.lines(plan) == {"alice": "applied"}


def test_verify_beside_a_rollback_that_ends_is_no_deadlock(
    guard: Guard, beside: ThreadPoolExecutor
) -> None:
    guard.add_short_wallet("alice")
    plan = guard.approve(guard.plan())
    guard.apply(plan)
    rollback = guard.begin(guard.roll_back(plan))
    guard.batch(rollback)
    with guard.session(autocommit=False) as verifying:
        verifying.execute("select claim_ops.verify_plan(%s)", [plan])
        ending = beside.submit(guard.call, RUNNER, "finish_apply", rollback)
        guard.wait_until(WAITING)
        verifying.commit()
        ending.result()
    assert guard.state(plan) == "rolled_back"
    assert guard.rows("select * from claim_ops.check_journal()") == []


def test_all_waits_of_a_batch_end_at_the_same_moment(guard: Guard) -> None:
    """Each of many waits would get half of deadlock_timeout anew otherwise."""
    with guard.connect(autocommit=False) as owner:
        look = (
            "select set_config('claim_ops.waiting_ends_at',"
            " claim_ops._waiting_ends_at()::text, true)"
        )
        assert owner.execute(look).fetchall() == owner.execute(look).fetchall()
        owner.rollback()


# What an owner edits

FORGERIES = {
    "an approval": "update claim_ops.plans set state = 'approved', approved_by = 'omar',"
    " approved_by_oid = 99, approved_at = now() where plan_id = {planned}",
    "another approver": "update claim_ops.plans set approved_by = 'omar' where plan_id = {applied}",
    "a verification": "update claim_ops.plans set verified_at = now(),"
    """ verification = '{{"wrong": 0}}' where plan_id = {applied}""",
    "a state set back": "set session_replication_role = replica;"
    " update claim_ops.plans set state = 'applying' where plan_id = {applied}",
    "a header with its digest": "set session_replication_role = replica;"
    " update claim_ops.plans set expires_at = 'infinity' where plan_id = {planned};"
    " update claim_ops.plans set digest = claim_ops._plan_digest(plan_id)"
    " where plan_id = {planned}",
    "a tail that is cut off": "set session_replication_role = replica;"
    " delete from claim_ops.journal where batch_id in ("
    "select batch_id from claim_ops.journal_batches where position >= {head});"
    " delete from claim_ops.journal_batches where position >= {head}",
}
CHANGES = {
    "function claim_ops._check_approver(claim_ops.plans) is not what was installed": (
        "create or replace function claim_ops._check_approver(p_plan claim_ops.plans)"
        " returns boolean language sql as 'select true'"
    ),
    "function claim_ops._refuse(text,text,text,text) is not what was installed": (
        "alter function claim_ops._refuse(text, text, text, text) owner to postgres"
    ),
    "trigger journal_is_append_only on claim_ops.journal is not what was installed": (
        "alter table claim_ops.journal disable trigger journal_is_append_only"
    ),
    "trigger a_plan_follows_its_states on claim_ops.plans is gone": (
        "drop trigger a_plan_follows_its_states on claim_ops.plans"
    ),
    "table claim_ops.plans is not what was installed": ("grant insert on claim_ops.plans to maker"),
    "constraint a_maker_does_not_approve_his_own_plan on claim_ops.plans is gone": (
        "alter table claim_ops.plans drop constraint a_maker_does_not_approve_his_own_plan"
    ),
    "function claim_ops.backdoor() was not installed": (
        "create function claim_ops.backdoor() returns integer language sql as 'select 1'"
    ),
}


def test_what_an_owner_edits_is_found(guard: Guard, subtests: pytest.Subtests) -> None:
    guard.add_short_wallet("alice")
    applied = guard.approve(guard.plan())
    guard.apply(applied)
    guard.call(RUNNER, "verify_plan", applied)
    guard.add_short_wallet("bob")
    planned = guard.plan(user_id="bob")
    head = guard.value("select max(position) from claim_ops.journal_batches")
    kept = guard.value("select hash from claim_ops.journal_batches order by position desc limit 1")
    look = (
        "select claim_ops.check_journal(%s)::text union all select claim_ops.check_objects()::text"
    )
    assert guard.rows(look % "null") == []

    with guard.connect(autocommit=False) as owner:
        for name, forgery in FORGERIES.items():
            owner.execute(forgery.format(applied=applied, planned=planned, head=head - 1).encode())
            with subtests.test(name):
                assert owner.execute(look.encode(), [kept]).fetchall() != []
                (plan,) = [applied] if "applied" in forgery else [planned]
                if "cut" not in name:
                    with pytest.raises(psycopg.Error) as caught:
                        owner.execute("select claim_ops._check_digest(%s, null)", [plan])
                    assert caught.value.sqlstate == "CO004"
            owner.rollback()
        for found, change in CHANGES.items():
            owner.execute(change.encode())
            with subtests.test(found):
                rows = owner.execute("select name || ' ' || problem from claim_ops.check_objects()")
                assert (found,) in rows.fetchall()
            owner.rollback()


# The two that safety.md admits: by the guard's own function, and everything anew.
BY_ITS_OWN_FUNCTION = """
    update claim_ops.plans set state = 'approved', approved_by = 'omar', approved_by_oid = 99,
        approved_at = now() where plan_id = {planned};
    insert into claim_ops.journal (batch_id, event, plan_id, detail, actor)
    select nextval('claim_ops.journal_batch_ids'), 'approved', plan_id,
        jsonb_build_object('digest', digest), 'omar'
    from claim_ops.plans where plan_id = {planned};
    set constraints all immediate;
"""
EVERYTHING_ANEW = """
    set session_replication_role = replica;
    update claim_ops.journal set written_at = written_at - interval '1 day';
    update claim_ops.journal_batches set hash = '', previous_hash = position::text;
    do $$
    declare
        v_batch record;
        v_head text := '';
    begin
        for v_batch in select * from claim_ops.journal_batches order by position loop
            update claim_ops.journal_batches
            set previous_hash = v_head, hash = encode(sha256(convert_to(jsonb_build_array(
                position, v_head, batch_id, entries, claim_ops._entries_digest(batch_id)
            )::text, 'UTF8')), 'hex')
            where position = v_batch.position
            returning hash into v_head;
        end loop;
    end
    $$;
"""


def test_what_an_owner_edits_and_only_a_head_outside_or_nothing_finds(guard: Guard) -> None:
    guard.add_short_wallet("alice")
    planned = guard.plan()
    kept = guard.value("select hash from claim_ops.journal_batches order by position desc limit 1")
    look = b"select problem from claim_ops.check_journal(%s)"
    with guard.connect(autocommit=False) as owner:
        owner.execute(BY_ITS_OWN_FUNCTION.format(planned=planned).encode())
        assert owner.execute(look, [kept]).fetchall() == []
        owner.rollback()
        owner.execute(EVERYTHING_ANEW.encode())
        assert owner.execute(look, [None]).fetchall() == []
        ((problem,),) = owner.execute(look, [kept]).fetchall()
        assert "kept outside, is not in it" in problem
        owner.rollback()


def test_each_edit_that_safety_names_has_its_test() -> None:
    """The last column of its table names tests, and they are there."""
    text = (ROOT / "docs" / "safety.md").read_text()
    table = text.split("## Which edits by an owner are found")[1].split("## ")[0]
    rows = [line.split("|")[3] for line in table.splitlines() if line.startswith("| ")][2:]
    assert len(rows) >= 7
    for row in rows:
        file, name = row.strip().strip("`").split("::")
        assert f"def {name}(" in (ROOT / "tests" / "python" / file).read_text(), row


def test_a_forged_approval_is_not_applied(guard: Guard) -> None:
    guard.add_short_wallet("alice")
    plan = guard.plan()
    guard.execute(FORGERIES["an approval"].format(planned=plan))
    with guard.refuses("CO004", "claimctl doctor"):
        guard.begin(plan)
    guard.execute(f"update claim_ops.plans set state = 'applying' where plan_id = {plan}")
    with guard.refuses("CO004", "claimctl doctor") as caught:
        guard.batch(plan)
    assert "no approval by omar" in str(caught.value)
    assert guard.shields("alice") == 1


@pytest.mark.slow
def test_planning_and_verifying_are_linear_in_purchases(guard: Guard) -> None:
    """One user with 300 purchases beyond his cap, and 1,000 with one purchase each."""
    guard.execute(
        """
        insert into user_wallet_balances
        select 'user-' || n, 0, null, now() - interval '90 days' from generate_series(1, 1000) as n;
        insert into audit_purchases (tx_id, user_id, sku, status, purchased_at)
        select 'tx-' || n, 'user-' || least(n, 1000), 'consumable_streakshield_1',
            'NON_RENEWING_PURCHASE',
            date_trunc('week', now() - interval '60 d') + interval '60 h' + n * interval '1 s'
        from generate_series(1, 1300) as n
        """
    )
    started = time.monotonic()
    plan = guard.make(
        "plan_recovery", **{"from": "2000-01-01", "to": "now", "raise": {"max_net_quantity": 5000}}
    )
    assert time.monotonic() - started < 20
    assert set(guard.left_out(plan).values()) == {"over_cap"}
    guard.apply(guard.approve(plan))
    started = time.monotonic()
    assert guard.call(RUNNER, "verify_plan", plan)["as_written"] == 1000
    assert time.monotonic() - started < 3
