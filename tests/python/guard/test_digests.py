"""Digests: what is applied is what was planned and looked at, whatever the login may do."""

from __future__ import annotations

from typing import LiteralString

import pytest
from support.forgery import forge, waits
from support.guard import CHECKER, RUNNER, Guard, batch


@pytest.fixture
def plan(guard: Guard) -> int:
    """A plan of the maker that gives alice the shield that she is owed."""
    guard.add_short_wallet("alice")
    return guard.plan()


def test_the_digest_that_was_shown_is_the_one_that_is_approved(guard: Guard, plan: int) -> None:
    digest = guard.value("select digest from claim_ops.plans")
    with guard.refuses("CO004", f"claimctl show {plan}"):
        guard.call(CHECKER, "approve_plan", plan, "0123456789ab")
    guard.call(CHECKER, "approve_plan", plan, digest[:12])
    assert guard.state(plan) == "approved"


FORGERIES = {
    "a line": """update claim_ops.plan_lines set after = '{"streakshield_count": 99}'""",
    "a line's user": "update claim_ops.plan_lines set user_id = 'mallory' where line_no = 1",
    "a line that is gone": "delete from claim_ops.plan_lines where line_no = 2",
    "a line more": """
        insert into claim_ops.plan_lines (plan_id, line_no, user_id, after)
        select plan_id, 3, 'mallory', '{"streakshield_count": 99}' from claim_ops.plans
    """,
    "a line far off": """
        insert into claim_ops.plan_lines (plan_id, line_no, user_id, after)
        select plan_id, 5000, 'mallory', '{"streakshield_count": 99}' from claim_ops.plans
    """,
    "a line before the first": """
        insert into claim_ops.plan_lines (plan_id, line_no, user_id, after)
        select plan_id, 0, 'mallory', '{"streakshield_count": 99}' from claim_ops.plans
    """,
    "a chunk": "update claim_ops.plan_chunks set digest = repeat('0', 64)",
    "a chunk that is gone": "delete from claim_ops.plan_chunks",
    "a line and its chunk": """
        update claim_ops.plan_lines set after = '{"streakshield_count": 99}';
        update claim_ops.plan_chunks set digest = claim_ops._chunk_digest(plan_id, chunk_no)
    """,
    "the reason": "update claim_ops.plans set reason = 'harmless'",
    "what may be taken": """
        update claim_ops.plans set limits = '{"include_excess": ["streakshield", "xp_booster"]}'
    """,
    "the figures": """update claim_ops.plans set breakers = '{"max_wallets": 1}'""",
    "its end": "update claim_ops.plans set expires_at = expires_at + interval '1 hour'",
    "its maker": "update claim_ops.plans set made_by = 'mallory'",
}


@pytest.mark.parametrize("forgery", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forged_plan_is_refused(guard: Guard, forgery: str) -> None:
    guard.add_short_wallets(2)
    looked_at, begun = guard.plan(), guard.plan_and_begin()
    forge(guard, forgery)
    with guard.refuses("CO004", f"claimctl reject {looked_at}"):
        guard.approve(looked_at)
    with guard.session() as connection, guard.refuses("CO004"):
        batch(connection, begun, after=-1)


def test_a_chunk_under_another_number_is_refused(guard: Guard) -> None:
    guard.add_short_wallets(501)
    plan = guard.plan_and_begin()
    forge(
        guard,
        """
        update claim_ops.plan_chunks set chunk_no = 7 where chunk_no = 1;
        update claim_ops.plan_lines set after = '{"streakshield_count": 99}' where line_no = 501
        """,
    )
    with guard.session() as connection, guard.refuses("CO004"):
        batch(connection, plan, after=500)


def test_a_batch_looks_at_its_own_chunk(guard: Guard) -> None:
    guard.add_short_wallets(501)
    plan = guard.plan_and_begin()
    forge(
        guard,
        """
        update claim_ops.plan_lines set after = '{"streakshield_count": 99}' where line_no = 501
        """,
    )
    with guard.session() as connection:
        assert batch(connection, plan, limit=500) is not None
        with guard.refuses("CO004"):
            batch(connection, plan, after=500)


def test_a_forged_plan_is_not_verified(guard: Guard, plan: int) -> None:
    guard.apply(guard.approve(plan))
    forge(guard, "update claim_ops.plans set reason = 'harmless'")
    with guard.refuses("CO004"):
        guard.call(RUNNER, "verify_plan", plan)


# Pairs of lines and headers whose texts are the same when they are joined by a comma.
ALIKE = {
    "lines": (
        """
        update claim_ops.plan_lines
        set user_id = 'a,b', before = null, after = null, details = '"c"'
        """,
        """
        update claim_ops.plan_lines
        set user_id = 'a', before = null, after = null, details = '"b,c"'
        """,
        "claim_ops._chunk_digest(plan_id, 0)",
    ),
    "before and after": (
        """update claim_ops.plan_lines set before = '{"streakshield_count": 9}', after = null""",
        """update claim_ops.plan_lines set before = null, after = '{"streakshield_count": 9}'""",
        "claim_ops._chunk_digest(plan_id, 0)",
    ),
    "headers": (
        "update claim_ops.plans set reason = 'count,anna', made_by = 'beate'",
        "update claim_ops.plans set reason = 'count', made_by = 'anna,beate'",
        "claim_ops._plan_digest(plan_id)",
    ),
}


@pytest.mark.parametrize(("one", "other", "digest"), ALIKE.values(), ids=ALIKE.keys())
def test_what_reads_alike_has_different_digests(
    guard: Guard, plan: int, one: str, other: str, digest: str
) -> None:
    digests = set()
    for forgery in (one, other):
        forge(guard, forgery)
        digests.add(guard.value(f"select {digest} from claim_ops.plans where plan_id = {plan}"))
    assert len(digests) == 2


def test_the_digest_is_the_same_in_every_time_zone(guard: Guard, plan: int) -> None:
    with guard.session(CHECKER) as connection:
        connection.execute("set timezone = 'Asia/Kathmandu'")
        connection.execute("set datestyle = 'German'")
        connection.execute("select claim_ops.approve_plan(%s)", [plan])
    assert guard.state(plan) == "approved"


# Approval beside somebody who changes the plan


@pytest.mark.parametrize(
    "silence",
    [
        "alter table claim_ops.plan_lines disable trigger user",
        "set session_replication_role = replica",
    ],
)
def test_a_line_that_no_approval_could_see_stops_the_batch(
    guard: Guard, plan: int, silence: LiteralString
) -> None:
    with guard.connect(autocommit=False) as owner:
        owner.execute(silence)
        owner.execute(
            """
            insert into claim_ops.plan_lines (plan_id, line_no, user_id, after)
            values (%s, 2, 'mallory', '{"streakshield_count": 99}')
            """,
            [plan],
        )
        guard.begin(guard.approve(plan))
        owner.commit()
    with guard.refuses("CO004"):
        guard.batch(plan)


def test_approval_waits_for_a_header_and_sees_it(guard: Guard, plan: int) -> None:
    with guard.connect(autocommit=False) as owner:
        owner.execute("set session_replication_role = replica")
        owner.execute("update claim_ops.plans set reason = 'harmless'")
        with waits(guard, CHECKER, "approve_plan", plan) as approval:
            owner.commit()
            with guard.refuses("CO004"):
                approval.result()


def test_approval_goes_on_when_the_change_is_taken_back(guard: Guard, plan: int) -> None:
    with guard.connect(autocommit=False) as owner:
        owner.execute("set session_replication_role = replica")
        owner.execute("update claim_ops.plans set reason = 'harmless'")
        with waits(guard, CHECKER, "approve_plan", plan) as approval:
            owner.rollback()
            approval.result()
    assert guard.state(plan) == "approved"


def test_no_line_comes_beside_the_approval_or_after_it(guard: Guard, plan: int) -> None:
    line = f"insert into claim_ops.plan_lines (plan_id, line_no, user_id) values ({plan}, 2, 'm')"
    with guard.session(CHECKER, autocommit=False) as checker:
        checker.execute("select claim_ops.approve_plan(%s)", [plan])
        with guard.refuses("CO012", "claimctl plan --help"):
            guard.execute(line)
    with guard.refuses("CO012", "claimctl plan --help"):
        guard.execute(line)


def test_no_line_is_of_a_plan_that_there_is_not(guard: Guard, plan: int) -> None:
    with guard.refuses("CO012", "claimctl plan --help"):
        guard.execute(
            f"""
            insert into claim_ops.plan_lines (plan_id, line_no, user_id)
            values ({plan + 1}, 1, 'm')
            """
        )


def test_two_approvals_at_once_are_one(guard: Guard, plan: int) -> None:
    with guard.session(CHECKER, autocommit=False) as checker:
        checker.execute("select claim_ops.approve_plan(%s)", [plan])
        with waits(guard, CHECKER, "approve_plan", plan) as second:
            checker.commit()
            with guard.refuses("CO002", f"claimctl apply {plan}"):
                second.result()
