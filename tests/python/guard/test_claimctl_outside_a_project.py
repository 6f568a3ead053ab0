"""`claimctl doctor` and `claimctl explain` where the guard is installed, also without a project."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from claimctl.output import utc
from support.claimctl import Answer, Finding, claimctl, consumer_project, faults
from support.databases import MODELS_SCHEMA
from support.dbt_project import ROOT
from support.forgery import let_expire, login
from support.guard import CHECKER, MAKER, RUNNER, Guard
from support.guard_templates import Guards


@pytest.fixture(autouse=True)
def no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run in an empty folder."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def anna() -> str:
    """The name of a login that a test makes."""
    return "anna"


def dsn(guard: Guard, user: str = "postgres") -> list[str]:
    """Return the option that leads to the database."""
    return ["--dsn", guard.server.dsn(guard.name, user)]


def examine(guard: Guard, *options: str, user: str = "postgres") -> Answer:
    """Run doctor."""
    return claimctl("doctor", "--json", *dsn(guard, user), *options)


def of_guard(answer: Answer, state: str) -> list[Finding]:
    """Return doctor's findings about the guard in a state."""
    found: list[Finding] = answer.document["findings"]
    return [each for each in found if (each["check"], each["state"]) == ("guard", state)]


@pytest.fixture
def guard_that_waits(guards: Guards) -> Guard:
    """The guard beside a service that has no optional table."""
    guard = guards.fresh()
    guard.execute("drop table wallet_adjustments, queued_purchases cascade")
    return guard


def test_all_is_well_with_and_without_a_project(guard_that_waits: Guard) -> None:
    for options in ([], ["--project-dir", str(ROOT)]):
        answer = examine(guard_that_waits, *options)
        assert (faults(answer), answer.exit_code) == ([], 0)
        (fine,) = of_guard(answer, "ok")
        assert fine["finding"].startswith("The guard (version 2) was installed at 20")
        assert fine["finding"].endswith(" UTC by postgres.")
        (above,) = of_guard(answer, "info")
        assert above["finding"].startswith("Superusers stand above the guard: postgres. Its jour")


def test_names_that_were_mapped_are_known_without_a_project(guards: Guards) -> None:
    """A column that the guard does not read: install_guard recorded all of them."""
    guard = guards.fresh({"claim_service_columns": {"function_metrics": {"error_code": None}}})
    assert [each["finding"] for each in faults(examine(guard))] == [
        "The models were built with function_metrics.error_code, which is not there any more.",
    ]


def test_no_guard_and_no_project(guards: Guards) -> None:
    guard = guards.with_models()
    for command in (["doctor"], ["explain", "anna"]):
        answer = claimctl(*command, *dsn(guard))
        assert answer.exit_code == 2
        assert "There is no dbt_project.yml in" in answer.sentence
    (found,) = of_guard(examine(guard, "--project-dir", str(ROOT)), "info")
    assert found["finding"] == "The guard is not installed: nothing can be repaired yet."
    assert found["advice"] == "Run dbt run-operation install_guard."


def test_a_login_without_a_right_gets_the_grant(guard_that_waits: Guard, anna: str) -> None:
    guard = guard_that_waits
    with login(guard, anna):
        guard.execute(f"grant select on all tables in schema public to {anna}")
        guard.execute(f"grant usage on schema {MODELS_SCHEMA} to {anna}")
        guard.execute(f"grant select on all tables in schema {MODELS_SCHEMA} to {anna}")
        try:
            answer = examine(guard, "--project-dir", str(ROOT), user=anna)
            (found,) = faults(answer)
            assert found["finding"] == (
                "The login anna may not look at the guard in the schema claim_ops."
            )
            (grant,) = re.findall("grant [^;]+", found["advice"])
            guard.execute(grant)
            assert faults(examine(guard, user=anna)) == []
        finally:
            guard.execute(f"drop owned by {anna}")


def test_rules_that_differ(guard_that_waits: Guard, tmp_path: Path) -> None:
    project = consumer_project(tmp_path / "consumer", {"max_wallets": 5})
    answer = examine(guard_that_waits, "--project-dir", str(project))
    (found,) = of_guard(answer, "warning")
    assert found["finding"] == (
        "The guard was installed with max_wallets = 10000, the project says 5."
    )
    assert found["advice"] == "Run dbt build, then dbt run-operation install_guard."


@pytest.mark.parametrize(
    ("statement", "state", "said"),
    [
        (
            f"update {MODELS_SCHEMA}.rpt_wallet_build set settings_digest = 'other'",
            "warning",
            "The models were built with other settings or another catalogue than the guard",
        ),
        (
            f"create or replace view {MODELS_SCHEMA}.stg_claim_ops__plan_claims as"
            " select null::text as tx_id, null::bigint as plan_id, null::text as kind where false",
            "warning",
            "stg_claim_ops__plan_claims was built before the guard was installed: claims of",
        ),
        (
            f"create or replace view {MODELS_SCHEMA}.stg_claim_ops__unapproved_break_glass as"
            " select null::bigint as plans, null::timestamptz as since, null::bigint as"
            " first_plan_id where false",
            "warning",
            "stg_claim_ops__unapproved_break_glass was built before the guard was installed: no",
        ),
        (
            "update claim_ops.settings set version = 0",
            "error",
            "The guard has version 0, this claimctl speaks to 2.",
        ),
        (
            "select claim_ops.plan_kill_switch('test', false);"
            " select claim_ops.break_glass(1, 'x')",
            "error",
            "Plan 1 was applied without an approval by postgres: x.",
        ),
        (
            "select claim_ops.pause('latency')",
            "warning",
            "Applies are paused by postgres since 20",
        ),
        (
            "select claim_ops.set_single_operator(true, 'alone')",
            "warning",
            "Single-operator mode is on: the maker of a plan may approve it.",
        ),
        (
            "set session_replication_role = replica;"
            " update claim_ops.journal_batches set previous_hash = 'forged'"
            " where position = (select max(position) from claim_ops.journal_batches)",
            "error",
            "The chain of the journal is broken at position 2.",
        ),
        (
            "set session_replication_role = replica;"
            " delete from claim_ops.journal_batches where position = 2;"
            " select claim_ops.resume('over')",
            "error",
            "The chain of the journal is broken at position 3.",
        ),
    ],
)
def test_what_is_wrong_with_the_guard(
    guard_that_waits: Guard, statement: str, state: str, said: str
) -> None:
    guard = guard_that_waits
    guard.execute("select claim_ops.resume('so that the journal has two batches')")
    guard.execute("select claim_ops.resume('or three')" if "position 3" in said else "select 1")
    guard.execute(statement)
    answer = examine(guard)
    assert answer.exit_code == 1
    (found,) = of_guard(answer, state)
    assert found["finding"].startswith(said)
    assert faults(answer) == [found]


def test_each_right_that_the_guard_lost(guard_that_waits: Guard, subtests: pytest.Subtests) -> None:
    """What install_guard granted, right by right; the advice mends it."""
    guard = guard_that_waits
    rights = guard.rows(
        """
        select grantee::text, table_name::text, lower(privilege_type)
        from information_schema.role_table_grants
        where table_schema = 'public' and grantee in ('claim_guard', 'claim_writer')
        order by 1, 2, 3
        """
    )
    assert len(rights) > 8
    for role, table, right in rights:
        with subtests.test(f"{role} {right} {table}"):
            guard.execute(f"revoke {right} on {table} from {role}")
            (found,) = faults(examine(guard))
            assert found["finding"] == (
                f"{role} may not {right} on public.{table}: the guard cannot work."
            )
            guard.execute(found["advice"].removeprefix("As its owner: "))
    assert faults(examine(guard)) == []


@pytest.mark.parametrize("user", [MAKER, RUNNER])
def test_a_login_of_the_guard_needs_no_right_on_the_service(
    guard_that_waits: Guard, user: str
) -> None:
    """Also where it may not even use the schema; what it may not see of others is hidden."""
    guard = guard_that_waits
    guard.execute("revoke usage on schema public from public")
    guard.execute("grant usage on schema public to claim_guard, claim_writer")
    assert faults(examine(guard, user=user)) == []
    with guard.connect(autocommit=False) as other, guard.session(user) as connection:
        other.execute("select 1 from purchase_claims")
        for model, least in (
            *(("rpt_index_coverage", 5), ("rpt_table_maintenance", 1)),
            *(("rpt_slow_statements", 0), ("rpt_database_activity", 1)),
        ):
            query = f"select to_jsonb(each) from {MODELS_SCHEMA}.{model} as each"
            found = [row for (row,) in connection.execute(query.encode())]
            assert len(found) >= least, model
        assert "hidden" in {row["state"] for row in found}


def test_a_login_that_will_build_has_to_create_its_schema(guards: Guards, anna: str) -> None:
    guard = guards.with_models()
    guard.execute(f"drop schema {MODELS_SCHEMA} cascade")
    with login(guard, anna):
        guard.execute(f"grant select on all tables in schema public to {anna}")
        try:
            (found,) = faults(examine(guard, "--project-dir", str(ROOT), user=anna))
            assert found["advice"] == f"As its owner: grant create on database claims to {anna};"
            guard.execute(found["advice"].removeprefix("As its owner: "))
            assert faults(examine(guard, "--project-dir", str(ROOT), user=anna)) == []
        finally:
            guard.execute(f"drop owned by {anna}")


def test_rights_that_go_around_the_guard(guard_that_waits: Guard, anna: str) -> None:
    guard = guard_that_waits
    lost = "grant select on all tables in schema {0} to claim_guard"
    with login(guard, anna):
        guard.execute(
            f"""
            grant update (state) on claim_ops.plans to {anna};
            grant claim_writer, pg_write_all_data to {anna};
            revoke select on {MODELS_SCHEMA}.rpt_wallet_build from claim_guard;
            """
        )
        found = {each["finding"]: each["advice"] for each in faults(examine(guard))}
        guard.execute(f"drop owned by {anna}; {lost.format(MODELS_SCHEMA)}")
        assert found.pop(f"{anna} has rights on the guard that install_guard did not give: update.")
        assert found == {
            f"{anna} can write past the guard, as a member of claim_writer, pg_write_all_data.": (
                f"As a superuser: revoke claim_writer, pg_write_all_data from {anna};"
            ),
            "claim_guard may not read rpt_wallet_build: plans and alerts fail.": (
                "As postgres, who built them: dbt build."
            ),
        }


def test_another_schema_than_the_guards(guard_that_waits: Guard) -> None:
    guard = guard_that_waits
    guard.execute(f"alter schema {MODELS_SCHEMA} rename to moved")
    answer = examine(guard, "--models-schema", "moved")
    assert [each["finding"] for each in of_guard(answer, "warning")] == [
        f"The guard reads the models in {MODELS_SCHEMA}, not in moved."
    ]
    assert of_guard(answer, "warning")[0]["advice"].endswith("--args '{repoint: true}'.")


def test_plans_past_their_time(guard: Guard) -> None:
    guard.add_short_wallets(2)
    half = guard.plan_and_begin()
    let_expire(guard, half)
    open_plan = guard.plan()
    let_expire(guard, open_plan)
    answer = examine(guard)
    assert f"Plan {half} was not applied to its end before its time was over." in [
        each["finding"] for each in of_guard(answer, "warning")
    ]
    assert f"Plan {open_plan}: the time to apply is over." in [
        each["finding"] for each in of_guard(answer, "info")
    ]


def test_who_could_go_around_the_guard(guard_that_waits: Guard, anna: str) -> None:
    guard = guard_that_waits
    with login(guard, anna), login(guard, "boris"), login(guard, "clara", "claim_planner"):
        guard.execute(f"grant claim_approver to {anna} with admin option")
        guard.execute("alter role boris createrole; grant claim_approver to clara")
        answer = examine(guard)
    told = [each["finding"].split(":")[0] for each in of_guard(answer, "info")]
    assert told == [
        "anna may grant claim_approver",
        "boris may create logins (CREATEROLE)",
        "clara may plan and approve, each the plans of others only.",
        "Superusers stand above the guard",
    ]
    assert answer.exit_code == 0


def test_explain_shows_the_plans_of_a_user(guard: Guard) -> None:
    guard.add_short_wallets(2)
    plan = guard.approve(guard.plan())
    guard.execute("update user_wallet_balances set streakshield_count = 9 where user_id like '%2'")
    guard.apply(plan)
    answer = claimctl("explain", "user-00001", "--json", *dsn(guard))
    (row,) = answer.document["plans"]
    decided_at = row.pop("decided_at")
    assert row == {
        **{"plan_id": plan, "kind": "wallet_correction", "plan_state": "applied"},
        **{"reason": "test", "state": "applied", "skipped_because": None},
        **{"before": {"streakshield_count": 1}, "after": {"streakshield_count": 2}},
    }
    said = re.sub(" +", " ", claimctl("explain", "user-00001", *dsn(guard)).stdout)
    assert "Plans that touched this wallet\n" in said
    assert f"{json.dumps({'streakshield_count': 2})} {utc(decided_at)}\n" in said
    said = re.sub(" +", " ", claimctl("explain", "user-00002", *dsn(guard)).stdout)
    assert f"{plan} wallet_correction applied changed" in said
    guard.add_claims("zoe")
    assert claimctl("explain", "zoe", "--json", *dsn(guard)).document["plans"] == []


def test_explain_for_a_login_that_may_not_see_plans(guard: Guard, anna: str) -> None:
    guard.add_short_wallet("zoe")
    with login(guard, anna):
        guard.execute(f"grant usage on schema {MODELS_SCHEMA} to {anna}")
        guard.execute(f"grant select on all tables in schema {MODELS_SCHEMA}, public to {anna}")
        try:
            options = [*dsn(guard, anna), "--project-dir", str(ROOT)]
            answer = claimctl("explain", "zoe", "--json", *options)
            assert (answer.exit_code, answer.document["plans"]) == (0, [])
        finally:
            guard.execute(f"drop owned by {anna}")


@pytest.mark.parametrize("user", [CHECKER, RUNNER])
def test_explain_for_the_logins_of_the_guard(guard: Guard, user: str) -> None:
    guard.add_short_wallet("zoe")
    assert claimctl("explain", "zoe", *dsn(guard, user)).exit_code == 0
    # As where the catalogue is the consumer's own, in a schema that the guard's logins may not use.
    shown = claimctl("explain", "zoe", "--json", *dsn(guard, user)).document
    guard.execute(
        f"""
        create schema shop;
        alter table {MODELS_SCHEMA}.sku_catalog set schema shop;
        """
    )
    assert claimctl("explain", "zoe", "--json", *dsn(guard, user)).document == shown
