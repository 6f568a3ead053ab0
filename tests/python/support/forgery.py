"""What somebody with more rights than a login could do to a plan, and what time does to it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from support.guard import Guard


def forge(guard: Guard, statement: str) -> None:
    """Run a statement as a superuser for whom no trigger fires."""
    guard.execute(f"set session_replication_role = replica; {statement}")


def forge_expiry(guard: Guard, plan_id: int, expires: str) -> None:
    """Give a plan another end and a digest that agrees with it: what the passing of time does."""
    forge(
        guard,
        f"""
        update claim_ops.plans
        set made_at = {expires} - (expires_at - made_at), expires_at = {expires}
        where plan_id = {plan_id};
        update claim_ops.plans set digest = claim_ops._plan_digest(plan_id)
        where plan_id = {plan_id};
        """,
    )


def let_expire(guard: Guard, plan_id: int) -> None:
    """Let more than a plan's 24 hours go by."""
    forge_expiry(guard, plan_id, "clock_timestamp() - interval '1 hour'")


@contextmanager
def login(guard: Guard, name: str, *roles: str) -> Iterator[str]:
    """A login of its own that is a member of these roles; roles belong to the whole server."""
    drop_login(guard, name)
    guard.execute(f"create role {name} login")
    for role in roles:
        guard.execute(f"grant {role} to {name}")
    yield name
    drop_login(guard, name)


def drop_login(guard: Guard, name: str) -> None:
    """Drop a login, if it is there."""
    guard.execute(f"drop role if exists {name}")


@contextmanager
def waits(guard: Guard, login: str, function: str, *arguments: Any) -> Iterator[Future[Any]]:
    """Call a function that somebody's lock holds up; the block begins when it waits."""
    with ThreadPoolExecutor(1) as pool:
        future = pool.submit(guard.call, login, function, *arguments)
        guard.wait_until(
            "count(*) = 1 from pg_stat_activity"
            f" where usename = '{login}' and wait_event_type = 'Lock'"
        )
        yield future
