"""A shop whose incidents are worked on with the commands of the runbook, each as its role."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from support.claimctl import claimctl, on
from support.databases import Templates
from support.dbt_project import DbtProject
from support.guard import CHECKER, MAKER, RUNNER, SHIELD, Guard
from support.guard import LOGINS as GUARD_LOGINS
from support.guard_templates import Guards, install
from support.runbook import commands

SERVICE, ONCALL, WATCHER, ENDER = "shop_service", "oncall", "watcher", "ender"
VARS: dict[str, Any] = {
    "has_queued_purchases": True,
    "has_wallet_adjustments": True,
    "claim_service_login": SERVICE,
}
# Who is what in this shop. The tables' owner and the schedule are the server's superuser.
LOGINS = {
    "claim_reader": ONCALL,
    "claim_planner": MAKER,
    "claim_approver": CHECKER,
    "claim_applier": RUNNER,
    "pg_read_all_stats": WATCHER,
    "pg_signal_backend": ENDER,
    "owner": "postgres",
    "builder": "postgres",
}
LOCK = "flock -w 900 -E 75 /run/lock/claims-build "
ENDS_WELL = {"alerts": {0, 1, 2, 3}, "doctor": {0, 1}}
MOST_TO_DIAGNOSE, MOST_TO_END = 5, 10
# Three thousand customers with one shield each, bought three weeks ago, and boosters of two.
CUSTOMERS = f"""
alter table user_wallet_balances add time_zone text;
create table customers as
select
    'customer-' || to_char(n, 'fm0000') as user_id, n,
    date_trunc('hour', now()) - interval '21 days' + n * interval '20 seconds' as bought_at
from generate_series(1, 3000) as n;
insert into audit_purchases (tx_id, user_id, sku, status, purchased_at)
select 'bought-' || n, user_id, '{SHIELD}', 'NON_RENEWING_PURCHASE', bought_at from customers;
insert into purchase_claims (tx_id, user_id, sku, claimed_at)
select 'bought-' || n, user_id, '{SHIELD}', bought_at from customers;
insert into user_wallet_balances (user_id, streakshield_count, updated_at)
select user_id, 1, bought_at from customers;
-- By their names a test knows whom it did what to.
create function rename_customers(beginning text, first_number int, last_number int) returns void
language sql begin atomic
    update audit_purchases set user_id = beginning || '-' || n from customers
    where tx_id = 'bought-' || n and n between first_number and last_number;
    update purchase_claims set user_id = beginning || '-' || n from customers
    where tx_id = 'bought-' || n and n between first_number and last_number;
    update user_wallet_balances as wallets set user_id = beginning || '-' || n from customers
    where wallets.user_id = customers.user_id and n between first_number and last_number;
    update customers set user_id = beginning || '-' || n
    where n between first_number and last_number;
end;
"""
PEOPLE = """
do $$
declare login text;
begin
    foreach login in array array[{logins}] loop
        if not exists (select from pg_roles where rolname = login) then
            execute format('create role %I login', login);
        end if;
    end loop;
end $$;
"""
ROLES = f"""
grant claim_reader to {ONCALL}, {WATCHER};
grant pg_read_all_stats to {WATCHER};
grant pg_signal_backend to {ENDER};
grant select, insert, update on purchase_claims, user_wallet_balances to {SERVICE};
grant insert on function_metrics to {SERVICE};
"""


def make_shop(guards: Guards, templates: Templates, dbt: DbtProject) -> None:
    """Keep a database with the customers, the models and the guard, to be copied as `shop`."""
    database = templates.fresh_database()
    logins = (*GUARD_LOGINS, SERVICE, ONCALL, WATCHER, ENDER)
    database.execute(PEOPLE.format(logins=", ".join(f"'{login}'" for login in logins)))
    database.execute(CUSTOMERS)
    build(dbt)
    with database.connect() as connection:
        install(connection, guards.script(VARS))
    database.execute(ROLES)
    templates.keep("shop")


def build(dbt: DbtProject, *selection: str) -> None:
    """Build as the schedule does; whether the shop is in order is not asked here."""
    outcome = dbt.build(*selection, "--exclude-resource-type", "test", vars=VARS)
    assert outcome.success, outcome.explain()


class Shift:
    """Somebody on call, who has the runbook and nothing else."""

    def __init__(self, guard: Guard, dbt: DbtProject, project: Path, title: str) -> None:
        self.guard = guard
        self.dbt = dbt
        self.project = project
        self.commands = commands(title)
        self.said: list[str] = []
        self.ran: list[str] = []

    def work(
        self,
        values: Mapping[str, str] = MappingProxyType({}),
        between: Mapping[int, Callable[[], None]] = MappingProxyType({}),
    ) -> None:
        """Run the chapter's commands in order; `between` happens before the command of a number.

        What stands for a value in the text was shown by a command before, or the person on call
        could not know it.
        """
        for number, command in enumerate(self.commands, start=1):
            if number in between:
                between[number]()
            line = command.line
            for name, value in values.items():
                if re.search(rf"\b{name}\b", line):
                    assert name in ("FROM", "TO") or value in self.output, (name, self.output)
                    line = re.sub(rf"\b{name}\b", value, line)
            if re.search(r"\bPLAN\b", line):
                line = line.replace("PLAN", str(self.last_plan))
            assert not re.search(r"\b(?!TX\b)[A-Z]{4,}\b(?!-)", line.split('"')[0]), line
            self.said.append(self.run(line, LOGINS[command.role]))
            self.ran.append(line)
        assert len(self.ran) <= MOST_TO_END

    @property
    def output(self) -> str:
        """All that was said so far."""
        return "\n".join(self.said)

    @property
    def diagnosis(self) -> str:
        """What was said before anything was changed."""
        looks = [
            said
            for said, line in zip(self.said, self.ran, strict=True)
            if re.match(r"claimctl (alerts|analyse|explain|database|doctor)", line)
        ]
        first_change = next(
            (n for n, line in enumerate(self.ran) if re.match(r"psql|flock|claimctl plan", line)),
            len(self.ran),
        )
        assert first_change <= MOST_TO_DIAGNOSE
        return "\n".join(looks[:first_change])

    @property
    def last_plan(self) -> int:
        """The plan that was made last."""
        return int(self.guard.value("select max(plan_id) from claim_ops.plans"))

    def run(self, line: str, login: str) -> str:
        """Run one command as a login, and return what it said."""
        if line.startswith("claimctl "):
            return self._claimctl(line, login)
        if line.startswith("psql -c "):
            (*_, statement) = shlex.split(line)
            with self.guard.session(login) as connection:
                connection.execute(statement.encode())
            return ""
        words = shlex.split(line.removeprefix(LOCK))
        assert words[0] == "dbt", line
        assert words[1] != "build" or line.startswith(LOCK), line
        outcome = self.dbt.run(*words[1:], vars=VARS)
        assert outcome.named("error", "skipped") == set(), outcome.explain()
        assert outcome.exception is None, outcome.explain()
        return ""

    def _claimctl(self, line: str, login: str) -> str:
        line, _, file = line.partition(" > ")
        arguments = shlex.split(line)[1:]
        yes = ["--yes"] if arguments[0] in ("approve", "apply") else []
        answer = claimctl(*arguments, *yes, *on(self.guard, self.project, login))
        expected = ENDS_WELL.get(arguments[0], {0})
        assert answer.exit_code in expected, f"{line}\n{answer.stdout}{answer.stderr}"
        if file:
            Path(file).write_text(answer.stdout)
        return answer.stdout + answer.stderr


def compile_analyses(dbt: DbtProject) -> dict[str, str]:
    """Return the SQL of each analysis, which `claimctl analyse` has dbt compile."""
    compiled = dbt.run("compile", "--select", "resource_type:analysis", vars=VARS)
    assert compiled.success, compiled.explain()
    return {name: item.node.compiled_code for name, item in compiled.nodes.items()}


def use_compiled(analyses: Mapping[str, str], patch: pytest.MonkeyPatch) -> None:
    """Let `claimctl analyse` run what was compiled before: each compilation takes seconds."""
    patch.setattr("claimctl.commands.analyse.compiled", lambda folder, name, vars: analyses[name])
