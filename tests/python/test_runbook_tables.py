"""The runbook's own tables, to the column, and no var at all."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
import yaml
from sandbox.server import Server
from support.claimctl import Answer, claimctl, faults, on
from support.databases import MODELS_SCHEMA, Database
from support.dbt_project import ROOT, DbtProject
from support.documents import commands
from support.foreign import installed
from support.guard import CHECKER, MAKER, RUNNER, SHIELD, Guard

# What the runbook's statements name, and not a column more.
RUNBOOK = """
drop table wallet_adjustments, queued_purchases;
alter table function_metrics drop column error_code;
"""


@pytest.fixture
def runbook(database: Database) -> Database:
    database.execute(RUNBOOK)
    return database


@pytest.mark.slow
def test_the_runbooks_tables_build_without_a_var(runbook: Database, dbt: DbtProject) -> None:
    runbook.execute(
        'insert into function_metrics ("timestamp", function_name, status_code, duration_ms)'
        " select date_trunc('hour', now()) - interval '5 hours', 'claim', 409, 7"
    )
    outcome = dbt.build()
    assert outcome.success, outcome.explain()
    assert outcome.named("skipped", "error", "fail") == set()
    conflicts = f"select sum(conflicts) from {MODELS_SCHEMA}.v_claim_conflicts_rolling"
    assert runbook.value(conflicts) == 1
    found = json.loads(runbook.value(f"select found from {MODELS_SCHEMA}.rpt_wallet_build"))
    assert found == {
        "accepted_discrepancies": False,
        "audit_purchases.units": False,
        "function_metrics.error_code": False,
        "purchase_claims.units": False,
        "queued_purchases": False,
        "queued_purchases.units": False,
        "user_wallet_balances.time_zone": False,
        "users": False,
        "wallet_adjustments": False,
    }

    answer = claimctl("doctor", "--json", *on(runbook))
    assert (answer.exit_code, faults(answer)) == (0, [])


# A few of everything that the runbook repairs: a lost update, a wallet in excess, a booster that
# ends too early, a purchase that nobody claimed, one that only the cap refused.
SERVICE = f"""
insert into purchase_claims (tx_id, user_id, sku, claimed_at)
select 'tx-' || n, 'anna', '{SHIELD}', now() - n * interval '40 days'
from generate_series(1, 2) as n
union all select 'tx-3', 'carl', 'consumable_xp_booster_7d', now() - interval '3 days'
union all select 'tx-4', 'eve', '{SHIELD}', now() - interval '5 hours';
insert into user_wallet_balances (user_id, streakshield_count, xp_booster_until, updated_at) values
    ('anna', 1, null, now() - interval '81 days'), ('ben', 3, null, now() - interval '81 days'),
    ('carl', 0, now() + interval '1 hour', now() - interval '3 days'),
    ('eve', 1, null, now() - interval '5 hours');
insert into audit_purchases (tx_id, user_id, sku, status, purchased_at)
select tx_id, user_id, sku, 'INITIAL_PURCHASE', claimed_at from purchase_claims
union all select 'tx-5', 'dora', '{SHIELD}', 'INITIAL_PURCHASE', now() - interval '50 hours'
union all select 'tx-6', 'eve', '{SHIELD}', 'INITIAL_PURCHASE', now() - interval '4 hours';
insert into function_metrics ("timestamp", function_name, status_code, duration_ms)
select now() - n * interval '10 seconds', 'claim', 200, 40 from generate_series(1, 1000) as n;
"""
# What the runbook names by an example, and what it is here.
EXAMPLES = {
    r"'upsert-4 51' --user \S+": "tx-6 --user eve",
    r"--from \S+ --to \S+": "--from {from} --to {to}",
    r"--changed-from \S+ --changed-to \S+": "--changed-from {from} --changed-to {to}",
    r"\b(affected|goodwill)\.txt|\bFILE\b": "users.txt",
    r"\bUSER\b": "anna",
    r"\bCOMMAND\b": "doctor",
    r"\bOLD_HEAD\b": "0" * 64,
}
# Which login does it, and which plan it is about.
LOGIN_OF = {"approve": CHECKER, "reject": CHECKER, "apply": RUNNER, "pause": RUNNER}
STATES_OF = {"approve": "planned", "apply": "approved", "verify": "applied", "rollback": "applied"}
# A command that is spoken of, without what it needs.
NAMES = ("plan wallets", "plan wallets --user USER", "plan recovery", "approve", "apply")
# What needs more than the database: the service's address, a terminal, messages, an object store.
ELSEWHERE = (
    "s3://",
    "probe",
    "claimctl watch",
    "alerts --notify",
    "queued_purchases",
    "plan queue",
    "plan override TX",
)


def run(guard: Guard, command: str) -> Answer:
    """Run a command of the runbook as the login that would, about the plan that waits for it."""
    now = guard.value("select to_char(now(), 'YYYY-MM-DD\"T\"HH24:MI:SSZ')")
    past = guard.value("select to_char(now() - interval '90 days', 'YYYY-MM-DD\"T\"HH24:MI:SSZ')")
    for example, here in EXAMPLES.items():
        command = re.sub(example, here.format(**{"from": past, "to": now}), command)
    words = shlex.split(command, comments=True)[1:]
    file = words.pop() if ">" in words else None
    if file:
        words.remove(">")
    # The one that waits, or where none does, the last one: then the command says so.
    waits = f"state = '{STATES_OF[words[0]]}'" if words[0] in STATES_OF else "true"
    plan = guard.value(
        f"select coalesce(max(plan_id) filter (where {waits}), max(plan_id)) from claim_ops.plans"
    )
    if words[0] in (*STATES_OF, "show", "reject", "export"):
        words[1:] = [
            str(plan) if re.fullmatch(r"\d+|PLAN", word) and words[place] != "--appliers" else word
            for place, word in enumerate(words[1:])
        ]
    if words[0] in ("approve", "apply") or "--now" in words:
        words.append("--yes")
    login = RUNNER if "--now" in words else LOGIN_OF.get(words[0], MAKER)
    answer = claimctl(*words, *on(guard, user=login))
    if file:
        # Where the cause concerns nobody here, the list stands for one user all the same.
        Path(file).write_text(answer.stdout or "ben\n")
    return answer


@pytest.mark.slow
def test_every_command_of_readme_and_docs_runs_there(
    runbook: Database,
    dbt: DbtProject,
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    subtests: pytest.Subtests,
    request: pytest.FixtureRequest,
) -> None:
    """A command is refused by a rule that it names, or does what it says: none breaks."""
    monkeypatch.chdir(tmp_path)
    Path("users.txt").write_text("ben\n")
    runbook.execute(SERVICE)
    readme = (ROOT / "README.md").read_text()
    own = readme[readme.index("## Your own database") : readme.index("## The life of a plan")]
    assert list(commands(own, "dbt")) == [
        "dbt deps",
        "dbt build",
        "dbt run-operation install_guard",
    ]
    assert next(commands(own, "claimctl")) == "claimctl doctor"
    assert faults(claimctl("doctor", "--json", *on(runbook))) == []
    outcome = dbt.build("--exclude-resource-type", "test")
    assert outcome.success, outcome.explain()
    guard = installed(server, dbt, {})
    guard.execute(f"grant claim_planner to {RUNNER}; grant claim_applier to {MAKER}")
    # The logins are those of every test on this server.
    back = f"revoke claim_planner from {RUNNER}; revoke claim_applier from {MAKER}"
    request.addfinalizer(lambda: guard.execute(back))
    examined = claimctl("doctor", "--json", *on(runbook))
    assert faults(examined) == []
    assert examined.exit_code == 0

    # The runbook's in their order, then what only other pages name.
    runbooks = [
        *commands(own, "claimctl"),
        *commands((ROOT / "docs" / "runbook.md").read_text(), "claimctl"),
    ]
    others = {
        command
        for page in (ROOT / "docs").rglob("*.md")
        for command in commands(page.read_text(), "claimctl")
    }
    assert len(others - {*runbooks}) > 5
    ran = 0
    for command in [*runbooks, *sorted(others - {*runbooks})]:
        is_name = command.removeprefix("claimctl ") in NAMES
        if is_name or any(part in command for part in ELSEWHERE):
            continue
        ran += 1
        with subtests.test(command):
            answer = run(guard, command)
            said = answer.stderr
            assert "Usage" not in said
            assert "the database refused" not in said.lower()
            # 2 of alerts is a critical alert; of all else it is wrong usage.
            assert answer.exit_code in ((0, 1, 2, 3) if " alerts" in command else (0, 1, 4)), said
    assert ran > 40
    done = dict(
        guard.rows(
            "select kind, count(*) from claim_ops.plans"
            " where state in ('applied', 'rolled_back') group by kind"
        )
    )
    assert set(done) == {
        *("wallet_correction", "claim_recovery", "cap_override", "kill_switch", "rollback")
    }


@pytest.mark.slow
def test_every_query_of_the_runbook_runs_there(
    runbook: Database, dbt: DbtProject, server: Server, subtests: pytest.Subtests
) -> None:
    runbook.execute(SERVICE)
    assert dbt.build("--exclude-resource-type", "test").success
    guard = installed(server, dbt, {})
    text = (ROOT / "docs" / "runbook.md").read_text()
    queries = [
        *commands(text, "select"),
        *(each for each in commands(text, "create") if each.startswith("create table")),
    ]
    assert len(queries) > 12
    for query in queries:
        if "PID" not in query:
            with subtests.test(query):
                guard.execute(query.replace("<models>", MODELS_SCHEMA))
    (recount,) = (each for each in commands(text, "flock") if "dbt run" in each)
    vars = yaml.safe_load(shlex.split(recount)[-1])
    outcome = dbt.run("run", "--select", "int_request_periods", vars=vars)
    assert outcome.success, outcome.explain()
