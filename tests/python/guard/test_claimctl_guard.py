"""The guard's commands on a server, from a folder that is no dbt project: what they print and say.

Each refusal is one sentence with the stated exit code, and leaves wallets and plans as they are.
"""

from __future__ import annotations

import csv
import io
import json
import re
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from claimctl import applying
from claimctl import guard as guard_calls
from claimctl.cli import cli
from support.claimctl import Answer, claimctl
from support.forgery import drop_login, let_expire, login
from support.guard import CHECKER, MAKER, RUNNER, Guard, with_inherit
from support.guard_templates import Guards, give_user_ids, install

UUID = "5b1f6f0e-8f0c-4a53-9d0a-2f3f2f1f9c11"
OF_A_PLAN = {
    "show": ["show"],
    "approve": ["approve", "--yes"],
    "reject": ["reject", "--reason", "test"],
    "apply": ["apply", "--yes"],
    "verify": ["verify"],
    "rollback": ["rollback", "--reason", "test"],
}
TRIGGER = """
    create function spoil() returns trigger language plpgsql as $$
    begin
        if new.user_id = 'user-00150' then {body} end if;
        return new;
    end
    $$;
    create trigger spoils_wallets before update on user_wallet_balances
    for each row execute function spoil();
"""


@pytest.fixture(autouse=True)
def no_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard's commands need no project: they run in an empty folder."""
    monkeypatch.chdir(tmp_path)


def run(guard: Guard, user: str, *arguments: str) -> Answer:
    """Run a command as a login."""
    return claimctl(*arguments, "--dsn", guard.server.dsn(guard.name, user))


def refused(guard: Guard, user: str, *arguments: str, exit_code: int = 4) -> str:
    """Expect a refusal that changes nothing, and return its sentence."""
    before = guard.snapshot()
    answer = run(guard, user, *arguments)
    assert answer.exit_code == exit_code, answer.stderr
    assert guard.snapshot() == before
    return Answer(answer.exit_code, "", answer.stderr).sentence


def printed(guard: Guard, user: str, *arguments: str) -> str:
    """Return what a command says to people, with the blanks of its tables made one."""
    return re.sub(" +", " ", run(guard, user, *arguments).stdout)


@pytest.fixture
def plan(guard: Guard) -> str:
    """An approved plan that gives each of two users a shield."""
    guard.add_short_wallets(2)
    return str(guard.approve(guard.plan()))


def test_the_whole_way_there_and_back(guard: Guard) -> None:
    guard.add_short_wallet("anna", claims=3, shields=1)
    guard.add_claims("boris", 2)
    guard.mark_wrong("boris", discrepancy="missing_wallet")

    made = run(guard, MAKER, "plan", "wallets", "--reason", "drift", "--json").document
    plan_id = str(made["plan_id"])
    assert (made["kind"], made["state"], made["made_by"]) == ("wallet_correction", "planned", MAKER)
    assert (made["lines"], made["wallets_created"], made["pending"]) == (2, 1, 2)
    (item,) = made["items"]
    assert (item["item"], item["wallets"], item["net_quantity"]) == ("streakshield", 2, 4)
    assert (item["lengthened"], item["shortened"]) == (0, 0)
    assert "settle_minutes is 0, but the store retries" in made["warnings"][0]
    assert guard.shields("anna") == 1

    approved = run(guard, CHECKER, "approve", plan_id, "--yes", "--json").document
    assert (approved["state"], approved["approved_by"]) == ("approved", CHECKER)
    outcome = run(guard, RUNNER, "apply", plan_id, "--yes", "--json")
    assert outcome.exit_code == 0
    assert outcome.document.pop("longest_batch_ms") > 0
    assert outcome.document["applied"] == outcome.document["lines"] == 2
    assert (guard.shields("anna"), guard.shields("boris")) == (3, 2)

    verified = run(guard, RUNNER, "verify", plan_id, "--json")
    assert verified.exit_code == 0
    assert (verified.document["as_written"], verified.document["wrong_users"]) == (2, [])
    assert verified.document["journal_breaks"] == []
    assert len(verified.document["journal_head"]["hash"]) == 64

    back = run(guard, MAKER, "rollback", plan_id, "--reason", "wrong", "--json").document
    assert (back["kind"], back["reverses"], back["wallets_deleted"]) == (
        "rollback",
        int(plan_id),
        1,
    )
    assert run(guard, CHECKER, "approve", str(back["plan_id"]), "--yes").exit_code == 0
    assert run(guard, RUNNER, "apply", str(back["plan_id"]), "--yes").exit_code == 0
    assert (guard.shields("anna"), guard.shields("boris")) == (1, None)
    listed = run(guard, MAKER, "plans", "--json").document
    assert [(each["plan_id"], each["state"]) for each in listed] == [
        (back["plan_id"], "applied"),
        (int(plan_id), "rolled_back"),
    ]


def test_what_people_read_on_the_way(guard: Guard) -> None:
    guard.add_short_wallets(3)
    assert "There is no plan yet" in printed(guard, MAKER, "plans")
    said = printed(guard, MAKER, "plan", "wallets", "--reason", "drift", "--limit", "2")
    for part in (
        "Plan 1 is made; nothing is changed yet.",
        "2 wallets (0 created, 0 deleted)",
        "streakshield 2 +2",
        "max_wallets: 2 of at most 10000",
        "WARNING: settle_minutes is 0",
        "Next, as another login:\n claimctl approve 1",
    ):
        assert part in said
    said = printed(guard, CHECKER, "approve", "1", "--yes")
    assert "reason drift" in said
    assert said.endswith("Plan 1 is approved. Next:\n claimctl apply 1\n")
    said = printed(guard, RUNNER, "apply", "1", "--yes")
    assert said.endswith("Plan 1: 2 applied, 0 skipped.\nNext:\n claimctl verify 1\n")
    said = printed(guard, RUNNER, "verify", "1")
    assert "Plan 1: 2 of 2 lines are applied" in said
    assert "as written 2" in said
    assert "to keep outside this database" in said
    said = printed(guard, MAKER, "show", "1", "--lines", "1")
    assert "Lines: 2; applied 2, skipped 0, pending 0." in said
    assert "user-00001" in said
    assert "user-00002" not in said
    said = printed(guard, MAKER, "plans")
    assert "wallet_correction applied 2 drift maker" in said


def test_a_rejected_plan(guard: Guard) -> None:
    guard.add_short_wallet("anna")
    plan_id = str(guard.plan())
    assert printed(guard, CHECKER, "reject", plan_id, "--reason", "spent") == (
        f"Plan {plan_id} is rejected.\n"
    )
    assert f"plan {plan_id} is rejected." in refused(guard, CHECKER, "approve", plan_id, "--yes")


@pytest.mark.parametrize("state", ["not installed", "of another version"])
def test_no_guard_to_speak_to(guards: Guards, guard: Guard, state: str) -> None:
    commands = [[name, *rest, "1"] for name, *rest in OF_A_PLAN.values()]
    commands += [["plans"], ["status"], ["resume"], ["pause", "--reason", "test"]]
    commands += [["plan", "wallets", "--reason", "test"], ["export", "1", "evidence"]]
    said = "The guard has version 0, this claimctl speaks to 2: install the same release of both"
    if state == "not installed":
        guard = guards.with_models()
        said = "The guard is not installed here: dbt run-operation install_guard"
    else:
        guard.execute("update claim_ops.settings set version = 0")
    for command in commands:
        answer = run(guard, "postgres", *command)
        assert (answer.exit_code, answer.sentence[: len(said)]) == (3, said), command
    work_without = {"doctor", "explain", "alerts", "analyse", "database", "probe", "report"}
    work_without |= {"lake", "watch"}
    assert {name for name, *_ in commands} == {*cli.commands} - work_without


@pytest.mark.parametrize("command", OF_A_PLAN)
def test_a_plan_that_is_none(guard: Guard, command: str) -> None:
    name, *rest = OF_A_PLAN[command]
    assert "here is no plan 7" in refused(guard, "postgres", name, "7", *rest, exit_code=2)
    for number in ("0", "9" * 30, "seven"):
        said = refused(guard, "postgres", name, number, *rest, exit_code=2)
        assert "Invalid value for 'PLAN'" in said


def test_a_plan_that_is_not_approved(guard: Guard) -> None:
    guard.add_short_wallet("anna")
    plan_id = str(guard.plan())
    said = refused(guard, RUNNER, "apply", plan_id, "--yes")
    assert said == (
        f"plan {plan_id} is planned. This needs a plan that is approved or applying. "
        f"Next: claimctl approve {plan_id}"
    )


def test_a_plan_is_applied_once(guard: Guard, plan: str) -> None:
    assert run(guard, RUNNER, "apply", plan, "--yes").exit_code == 0
    assert f"plan {plan} is applied" in refused(guard, RUNNER, "apply", plan, "--yes")


def test_logins_without_the_right(guard: Guard, plan: str) -> None:
    said = refused(guard, RUNNER, "plan", "wallets", "--reason", "test")
    assert said == (
        "The login runner may not do that: permission denied for function plan_wallets. It needs "
        "the role claim_planner, which maker has. Connect as such a login, or let a superuser run: "
        f"grant claim_planner to runner{with_inherit(guard)}"
    )
    said = refused(guard, RUNNER, "approve", plan, "--yes")
    assert "claim_approver, which checker has" in said
    assert "claim_applier, which runner has" in refused(guard, MAKER, "apply", plan, "--yes")
    with login(guard, "stranger"):
        said = refused(guard, "stranger", "plans")
        assert "permission denied for schema claim_ops" in said
        assert "claim_reader" in said


def test_the_maker_is_no_approver(guard: Guard) -> None:
    guard.add_short_wallet("anna")
    try:
        with login(guard, "twofold", "claim_planner", "claim_approver"):
            assert run(guard, "twofold", "plan", "wallets", "--reason", "test").exit_code == 0
            said = refused(guard, "twofold", "approve", "1", "--yes")
            assert said.startswith("twofold made plan 1 and cannot approve it")
    finally:
        drop_login(guard, "twofold")


def test_a_breaker_tells_how_to_raise_it(guard: Guard) -> None:
    guard.add_short_wallets(12)
    command = ["plan", "wallets", "--reason", "test"]
    said = refused(guard, MAKER, *command)
    assert "max_affected_share is 1.000000, limit 0.01" in said
    (raised,) = (
        word.rstrip(".") for word in said.split() if word.startswith("max_") and "=" in word
    )
    said = printed(guard, MAKER, *command, "--raise", raised)
    assert "max_affected_share: 1.0 of at most 1.0, RAISED by the maker" in said


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--item", "hat"], "unknown item 'hat'. The items are streakshield, xp_booster"),
        (["--include-excess", "hat"], "unknown item 'hat'"),
        (["--raise", "max_wallets"], "--raise takes BREAKER=LIMIT"),
        (["--raise", "max_wallets=many"], "not 'max_wallets=many'"),
        (["--raise", "max_hats=3"], "max_hats=3 raises no limit. The limits are max_affected"),
        (["--raise", "max_wallets=-3"], "not 'max_wallets=-3'"),
        (["--limit", "3000000000"], "Invalid value for '--limit'"),
    ],
)
def test_bad_input_is_wrong_usage(guard: Guard, options: list[str], said: str) -> None:
    guard.add_short_wallet("anna")
    command = ["plan", "wallets", "--reason", "test", *options]
    assert said in refused(guard, MAKER, *command, exit_code=2)


def test_nothing_to_plan_is_no_fault(guard: Guard) -> None:
    command = ["plan", "wallets", "--reason", "test"]
    assert refused(guard, MAKER, *command, exit_code=0).startswith("nothing to plan")
    document = run(guard, MAKER, *command, "--json").document
    assert (document["plan_id"], document["lines"]) == (None, 0)
    assert document["message"].startswith("nothing to plan")


def test_nobody_to_ask(guard: Guard, plan: str) -> None:
    guard.add_short_wallet("anna")
    other = str(guard.plan())
    for user, command in ((RUNNER, ["apply", plan]), (CHECKER, ["approve", other])):
        before = guard.snapshot()
        answer = run(guard, user, *command)
        assert (answer.exit_code, guard.snapshot()) == (2, before)
        assert answer.stderr == (
            "claimctl: There is no terminal to confirm on: look, then pass --yes:\n"
            f"  claimctl show {command[1]}\n"
        )


def test_lines_that_are_skipped(guard: Guard, plan: str) -> None:
    guard.execute("update user_wallet_balances set streakshield_count = 9 where user_id like '%1'")
    answer = run(guard, RUNNER, "apply", plan, "--yes")
    assert answer.exit_code == 1
    assert f"Plan {plan}: 1 applied, 1 skipped.\n  skipped as changed: 1\n" in answer.stdout
    document = run(guard, MAKER, "show", plan, "--json").document
    assert (document["reasons"], document["state"]) == ({"changed": 1}, "applied")


def test_a_wallet_that_is_wrong_after_all(guard: Guard, plan: str) -> None:
    run(guard, RUNNER, "apply", plan, "--yes")
    guard.execute(
        "update user_wallet_balances set streakshield_count = 9, updated_at = now() - interval '1d'"
        " where user_id = 'user-00002'"
    )
    answer = run(guard, RUNNER, "verify", plan)
    assert answer.exit_code == 1
    assert "Wrong: user-00002\n" in answer.stdout
    assert run(guard, RUNNER, "status", "--json").document["last_verified"]["wrong"] == 1


def test_a_journal_that_somebody_changed(guard: Guard, plan: str) -> None:
    run(guard, RUNNER, "apply", plan, "--yes")
    guard.execute(
        "set session_replication_role = replica;"
        " delete from claim_ops.journal where line_no = 1 and user_id = 'user-00001'"
    )
    answer = run(guard, RUNNER, "verify", plan)
    assert answer.exit_code == 1
    assert "its entries are not those that were sealed" in answer.stdout


def test_the_head_of_the_journal_that_was_kept_outside(guard: Guard, plan: str) -> None:
    run(guard, RUNNER, "apply", plan, "--yes")
    kept = run(guard, RUNNER, "verify", "--journal", "--json").document["journal_head"]["hash"]
    run(guard, RUNNER, "verify", plan)
    assert run(guard, MAKER, "verify", "--journal", "--head", kept).exit_code == 0
    answer = run(guard, MAKER, "verify", "--journal", "--head", "0" * 64)
    assert answer.exit_code == 1
    assert "The journal is broken: the head 000" in answer.stdout
    for wrong in (["verify"], ["verify", plan, "--journal"]):
        assert run(guard, RUNNER, *wrong).exit_code == 2


def test_pause_and_resume(guard: Guard, plan: str) -> None:
    nothing = "Applies are not paused. Times are in UTC.\n"
    assert printed(guard, MAKER, "status").startswith(nothing)
    assert printed(guard, MAKER, "pause", "--reason", "latency") == (
        "Paused: no apply writes any more. To go on:\n claimctl resume\n"
    )
    said = refused(guard, RUNNER, "apply", plan, "--yes")
    assert said.startswith("applies are paused by maker since ")
    assert said.endswith("latency. When it is over: claimctl resume")
    said = printed(guard, MAKER, "status")
    assert said.startswith("Applies are PAUSED by maker since ")
    assert ": latency\n" in said
    assert f"{plan} wallet_correction approved 2 maker" in said
    assert "No repair has been verified yet." in said

    resumed = run(guard, RUNNER, "resume", "--json")
    assert resumed.document == {"is_paused": False, "reason": "over"}
    assert run(guard, RUNNER, "apply", plan, "--yes").exit_code == 0
    run(guard, RUNNER, "verify", plan)
    guard.execute("select claim_ops.set_single_operator(true, 'alone')")
    said = printed(guard, MAKER, "status")
    assert said.startswith(nothing + "Single-operator mode is on: a maker may approve.\n")
    assert f"No plan is open.\nLast verified: plan {plan} at " in said


@pytest.mark.parametrize(
    ("command", "user"), [("approve", CHECKER), ("reject", CHECKER), ("apply", RUNNER)]
)
def test_a_plan_whose_time_is_over(guard: Guard, command: str, user: str) -> None:
    guard.add_short_wallet("anna")
    plan = guard.plan()
    if command == "apply":
        guard.approve(plan)
    let_expire(guard, plan)
    name, *rest = OF_A_PLAN[command]
    answer = run(guard, user, name, str(plan), *(each for each in rest if each != "--yes"))
    assert answer.exit_code == 4
    assert f"plan {plan} expired at " in answer.stderr
    assert guard.state(plan) == "expired"
    assert guard.shields("anna") == 1
    assert f"plan {plan} is expired" in run(guard, user, name, str(plan), *rest).stderr


def test_ids_of_users(guards: Guards) -> None:
    guard = guards.with_models()
    give_user_ids(guard, "uuid")
    with guard.connect() as connection:
        install(connection, guards.script({"settle_minutes": 0, "user_id_data_type": "uuid"}))
    guard.add_short_wallet(UUID)
    command = ["plan", "wallets", "--reason", "test", "--user"]
    said = refused(guard, MAKER, *command, "anna", exit_code=2)
    assert said == "'anna' is no uuid, but user ids are: check the id."
    document = run(guard, MAKER, *command, UUID.upper(), "--json").document
    assert (document["lines"], document["limits"]["user_id"]) == (1, UUID)


def test_lines_as_csv(guard: Guard, plan: str, tmp_path: Path) -> None:
    guard.execute("update user_wallet_balances set streakshield_count = 9 where user_id like '%2'")
    run(guard, RUNNER, "apply", plan, "--yes")
    lines = run(guard, MAKER, "show", plan, "--csv", "-").stdout
    rows = list(csv.DictReader(io.StringIO(lines)))
    assert [(row["user_id"], row["state"], row["skipped_because"]) for row in rows] == [
        ("user-00001", "applied", ""),
        ("user-00002", "skipped", "changed"),
    ]
    assert rows[0]["before"] == '{"streakshield_count": 1}'
    assert rows[0]["decided_at"].endswith("+00:00")
    file = tmp_path / "lines.csv"
    assert printed(guard, MAKER, "show", plan, "--csv", str(file)) == ""
    assert file.read_text(encoding="utf-8") == lines
    for name, reason in {"/dev/full": "No space left on device", "a/b": "No such file"}.items():
        answer = run(guard, MAKER, "show", plan, "--csv", name)
        assert answer.exit_code == 1
        assert answer.sentence.startswith(f"{name} could not be written: {reason}")


def test_two_appliers_and_little_memory(guard: Guard) -> None:
    """Neither apply nor the export holds a plan's lines; as a list, these take 15 MB."""
    guard.add_short_wallets(10_000)
    limits = {"max_affected_share": 1, "max_net_quantity": 10_000}
    plan = str(guard.approve(guard.plan(**{"raise": limits})))
    run(guard, MAKER, "plans")
    tracemalloc.start()
    try:
        answer = run(guard, RUNNER, "apply", plan, "--yes", "--appliers", "2", "--json")
        run(guard, MAKER, "show", plan, "--csv", "lines.csv")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 3_000_000
    assert (answer.exit_code, answer.document["applied"]) == (0, 10_000)
    assert len(Path("lines.csv").read_text().splitlines()) == 10_001
    assert guard.rows("select distinct streakshield_count from user_wallet_balances") == [(2,)]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        pytest.param(
            "new.streakshield_count := 9;",
            "the wallet of user user-00150 was not written as planned; triggers on"
            ' "public"."user_wallet_balances": spoils_wallets',
            id="changes the value",
        ),
        pytest.param("raise exception 'not this one';", "not this one", id="raises"),
    ],
)
def test_a_trigger_that_interferes_is_named_and_stops_nobody_else(
    guard: Guard, body: str, said: str
) -> None:
    guard.add_short_wallets(200)
    plan = str(guard.approve(guard.plan()))
    guard.execute(TRIGGER.format(body=body))
    answer = run(guard, RUNNER, "apply", plan, "--yes", "--json")
    outcome = json.loads(answer.stdout)
    assert (answer.exit_code, outcome["applied"], outcome["skipped"]) == (1, 199, 1)
    assert list(outcome["sentences"].values()) == [said]
    assert (guard.state(int(plan)), guard.shields("user-00150")) == ("applied", 1)


def test_sessions_that_end_again_and_again(guard: Guard, beside: ThreadPoolExecutor) -> None:
    """A connection that breaks while it is being made again is no end either."""
    guard.add_short_wallets(250)
    plan = str(guard.approve(guard.plan()))
    with guard.gate("apply_batch") as gate:
        answer = beside.submit(run, guard, RUNNER, "apply", plan, "--yes", "--json")
        for _ in range(3):
            gate.wait_until_reached()
            guard.rows(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
                " where wait_event = 'PgSleep'"
            )
        gate.open()
        assert (answer.result().exit_code, answer.result().stderr) == (0, "")
    assert answer.result().document["applied"] == 250


def test_a_server_that_does_not_come_back(
    guard: Guard, beside: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    guard.add_short_wallets(2)
    plan = str(guard.approve(guard.plan()))
    monkeypatch.setattr(applying, "RECONNECT_SECONDS", (0.01, 0.02))
    with guard.gate("apply_batch") as gate:
        answer = beside.submit(run, guard, RUNNER, "apply", plan, "--yes", "--appliers", "2")
        gate.wait_until_reached(sessions=2)
        try:
            guard.execute(f"alter role {RUNNER} nologin")
            guard.rows(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
                " where wait_event = 'PgSleep'"
            )
            assert answer.result().exit_code == 3
        finally:
            guard.execute(f"alter role {RUNNER} login")
    said = answer.result().stderr
    assert said.startswith("claimctl: The server did not come back: No connection to the database:")
    assert said.endswith(f"when it is there again, go on:\n  claimctl apply {plan}\n")
    assert run(guard, RUNNER, "apply", plan, "--yes").exit_code == 0


def test_a_connection_that_is_lost_while_approving(
    guard: Guard, beside: ThreadPoolExecutor
) -> None:
    guard.add_short_wallet("anna")
    plan = guard.plan()
    with guard.gate("approve_plan") as gate:
        answer = beside.submit(run, guard, CHECKER, "approve", str(plan), "--yes", "--json")
        gate.wait_until_reached()
        guard.rows(
            "select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'"
        )
        assert answer.result().exit_code == 3
    assert answer.result().sentence == (
        "The connection was lost: terminating connection due to administrator command. "
        "Call it again."
    )
    assert guard.state(plan) == "planned"


def test_a_lock_that_somebody_keeps(guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guard_calls, "LOCK_TIMEOUT", "100ms")
    with guard.connect(autocommit=False) as connection:
        connection.execute("select from claim_ops.control for share")
        said = refused(guard, MAKER, "pause", "--reason", "test")
    assert said.startswith("Another session has held a lock that this needs for 100ms.")
