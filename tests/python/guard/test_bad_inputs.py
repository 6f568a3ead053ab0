"""Bad input ends in one sentence, with the stated exit code, and with nothing written.

Each case stands for a kind. One database serves them all, and none of them may change it.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from claimctl.errors import split_hint
from claimctl.text import is_blank, printable, shortened
from support.appliers import CLAIMCTL, SCRIPTS
from support.claimctl import Answer, claimctl
from support.guard import ALERTER, CHECKER, MAKER, RUNNER, Guard
from support.guard_templates import NOTHING_TO_SETTLE, Guards

STRANGER, TWOFOLD = "stranger", "twofold"
# What stands in the database: a plan of each state that a command may meet.
PLANNED, SWITCH, REJECTED, APPLYING = "1", "2", "3", "4"
LONG = "x" * 10_000
BLANKS = {
    "empty": "",
    "blank": " ",
    "line feed": "\n",
    "tab": "\t",
    "zero-width space": "\u200b",
    "no-break space": "\u00a0",
    "byte-order mark": "\ufeff",
    "soft hyphen": "\u00ad",
    "hangul filler": "\u3164",
    "braille blank": "\u2800",
}
# Every option and argument that is a text, in a command that is right but for it.
TEXTS: dict[str, list[str]] = {
    "pause": ["pause", "--reason", "{}"],
    "resume": ["resume", "--reason", "{}"],
    "reject": ["reject", PLANNED, "--reason", "{}"],
    "rollback": ["rollback", PLANNED, "--reason", "{}"],
    "plan wallets": ["plan", "wallets", "--reason", "{}"],
    "plan wallets --user": ["plan", "wallets", "--reason", "why", "--user", "{}"],
    "plan wallets --item": ["plan", "wallets", "--reason", "why", "--item", "{}"],
    "--include-excess": ["plan", "wallets", "--reason", "why", "--include-excess", "{}"],
    "plan queue": ["plan", "queue", "--reason", "{}"],
    "plan queue --user": ["plan", "queue", "--reason", "why", "--user", "{}"],
    "kill-switch": ["plan", "kill-switch", "--off", "--all", "--reason", "{}"],
    "kill-switch --sku": ["plan", "kill-switch", "--off", "--reason", "why", "--sku", "{}"],
    "override": ["plan", "override", "{}", "--user", "u", "--ticket", "t", "--reason", "r"],
    "override --user": ["plan", "override", "t", "--user", "{}", "--ticket", "t", "--reason", "r"],
    "override --ticket": [
        "plan",
        "override",
        "t",
        "--user",
        "u",
        "--ticket",
        "{}",
        "--reason",
        "r",
    ],
    "break glass": ["apply", SWITCH, "--yes", "--break-glass", "{}"],
    "explain": ["explain", "{}"],
    "models schema": ["status", "--models-schema", "{}"],
}
EVERY_BLANK = ("pause", "reject", "plan wallets --user", "override")

WALLETS = ["plan", "wallets", "--reason", "why"]
RECOVERY = ["plan", "recovery", "--reason", "why"]
OVERRIDE = ["--user", "anna", "--ticket", "t", "--reason", "why"]
KILL = ["plan", "kill-switch", "--reason", "why"]
NUMBERS = (
    "1.0e999",
    "1e3",
    "nan",
    "inf",
    "-1",
    "",
    "1_000",
    "0x10",
    "9" * 5_000,
    "\u0661",
    "1.",
    " 1",
)
PLAN_NUMBERS = (
    "0",
    "-1",
    "1.5",
    "x",
    "",
    str(2**63),
    "9" * 5_000,
    "1; drop table plans",
    "\u0661x",
)
MOMENTS = ("yesterday", "2026-13-01", "2026-02-30", "infinity", "", "20:00", "-infinity", "now")
URLS = (
    *(
        "http://a..b/",
        f"http://{'a' * 64}.example/",
        f"http://{'a' * 300}/",
        "http:///x",
        "ftp://a",
    ),
    *("http://", "http://[::1", "http://a:99999/", "http://a b/", "nowhere", "http://.a/", "//a/b"),
    *("javascript:alert(1)", "http://\u202ea/", "http://a:x/", "http://\x1b[31m/"),
)


def blank_cases() -> Iterator[tuple[str, list[str]]]:
    for name, command in TEXTS.items():
        for blank, text in BLANKS.items():
            if blank in ("empty", "zero-width space") or name in EVERY_BLANK:
                yield f"{name}: {blank}", [part.replace("{}", text) for part in command]


Case = tuple[str, list[str], int, str]


def cases() -> Iterator[tuple[str, str, list[str], int, str]]:
    """Name, login, command, exit code, and what is said."""
    for name, command in blank_cases():
        yield name, MAKER, command, 2, "it is blank; write what it is"
    for value in NUMBERS:
        yield (
            f"--raise {value[:9]}",
            MAKER,
            [*WALLETS, "--raise", f"max_wallets={value}"],
            2,
            "--raise",
        )
    for value in ("0", "-3", "x", "3000000000", "1.5", "9" * 5_000):
        yield f"--limit {value[:9]}", MAKER, [*WALLETS, "--limit", value], 2, "'--limit'"
        yield f"plans {value[:9]}", MAKER, ["plans", "--limit", value], 2, "'--limit'"
    for number in PLAN_NUMBERS:
        for command in (["show"], ["apply", "--yes"], ["verify"]):
            name = f"{command[0]} {number[:9]}"
            said = "No such option" if number == "-1" else "'PLAN'"
            yield name, RUNNER, [*command, number], 2, said
    for value in ("nan", "inf", "-inf", "0", "601", "x", ""):
        yield (
            f"--timeout {value}",
            MAKER,
            ["probe", "http://a/", "--timeout", value],
            2,
            "'--timeout'",
        )
    for moment in MOMENTS:
        command = [*RECOVERY, "--from", moment, "--to", "2026-01-02"]
        yield f"--from {moment}", MAKER, command, 2, "is no date or time"
    for url in URLS:
        yield f"probe {url[:20]!r} {len(url)}", MAKER, ["probe", url], 2, "no URL of a web service"
    yield from contradictions()
    yield from refusals()


def contradictions() -> Iterator[tuple[str, str, list[str], int, str]]:
    yield "both ways", MAKER, [*KILL, "--on", "--off", "--all"], 2, "either --off or --on"
    yield "no way", MAKER, [*KILL, "--all"], 2, "either --off or --on"
    yield "one and all", MAKER, [*KILL, "--off", "--all", "--sku", "x"], 2, "--sku SKU, or --all"
    yield "nothing to switch", MAKER, [*KILL, "--off"], 2, "--sku SKU, or --all"
    yield "two forms", MAKER, ["show", PLANNED, "--json", "--csv", "-"], 2, "--json or --csv"
    yield "reason twice", MAKER, [*WALLETS, "--reason", "b"], 2, "--reason is given 2 times"
    yield "--user twice", MAKER, [*WALLETS, "--user", "a", "--user", "b"], 2, "--user is given 2"
    yield "--limit twice", MAKER, ["plans", "--limit", "1", "--limit", "2"], 2, "--limit is given 2"
    raised = ["--raise", "max_wallets=1", "--raise", "max_wallets=2"]
    yield "--raise twice", MAKER, [*WALLETS, *raised], 2, "--raise names max_wallets twice"
    reverse = ["--from", "2026-01-02", "--to", "2026-01-01"]
    yield "from after to", MAKER, [*RECOVERY, *reverse], 2, "2026-01-0"
    yield "no test claim", MAKER, ["probe", "http://a/", "--sku", "x"], 2, "belong to --test-claim"
    yield "no such command", MAKER, ["shwo"], 2, "No such command 'shwo'"
    yield "no such option", MAKER, ["status", "--\x1b[31m"], 2, "No such option"
    yield "no argument", MAKER, ["show"], 2, "Missing argument 'PLAN'"
    yield "no reason", MAKER, ["pause"], 2, "Missing option '--reason'"
    yield "alerts: no such option", ALERTER, ["alerts", "--x"], 3, "No such option"
    yield "alerts: a folder", ALERTER, ["alerts", "--prometheus", "/"], 3, "'--prometheus'"
    yield "alerts: no URL", ALERTER, ["alerts", "--notify", "nowhere"], 3, "no URL of Apprise"


def refusals() -> Iterator[tuple[str, str, list[str], int, str]]:
    yield "unknown user", MAKER, [*WALLETS, "--user", "nobody"], 2, "there is no user nobody"
    dates = ["--from", "2026-01-01", "--to", "2026-01-02"]
    yield "nobody's", MAKER, [*RECOVERY, *dates, "--user", "nobody"], 2, "there is no user nobody"
    yield "long user", MAKER, [*WALLETS, "--user", LONG], 2, "there is no user xxx"
    yield "long tx_id", MAKER, ["plan", "override", LONG, *OVERRIDE], 2, "there is no purchase xxx"
    yield "long item", MAKER, [*WALLETS, "--item", LONG], 2, "unknown item 'xxx"
    yield "long raise", MAKER, [*WALLETS, "--raise", LONG], 2, "--raise takes BREAKER=LIMIT"
    yield "long sku", MAKER, [*KILL, "--off", "--sku", LONG], 2, "unknown SKU 'xxx"
    yield "long command", MAKER, [LONG], 2, "No such command 'xxx"
    yield "colour", MAKER, [*WALLETS, "--item", "\x1b[31mred"], 2, r"unknown item '\x1b[31mred'"
    yield "right to left", MAKER, [*WALLETS, "--item", "a\u202eb"], 2, r"a\u202eb"
    yield "bell", MAKER, ["plan", "override", "a\a", *OVERRIDE], 2, r"there is no purchase a\x07"
    yield "no such plan", RUNNER, ["apply", "77", "--yes"], 2, "There is no plan 77"
    yield "not approved", RUNNER, ["apply", PLANNED, "--yes"], 4, f"claimctl approve {PLANNED}"
    yield "rejected", RUNNER, ["apply", REJECTED, "--yes"], 4, "plan 3 is rejected"
    yield "maker approves", MAKER, ["approve", PLANNED, "--yes"], 4, "permission denied"
    nothing = f"plan {APPLYING} has applied nothing. It is still being applied"
    yield "stop what applied nothing", MAKER, ["rollback", APPLYING, "--reason", "w"], 0, nothing
    yield (
        "glass of a plan",
        RUNNER,
        ["apply", PLANNED, "--yes", "--break-glass", "x"],
        4,
        "no emergency",
    )
    off = [*KILL, "--off", "--all", "--now"]
    yield "--now asks nobody", TWOFOLD, off, 2, "There is no terminal to confirm on"
    yield "--now without break_glass", MAKER, [*off, "--yes"], 4, "break_glass"
    yield "--now without a plan", RUNNER, [*off, "--yes"], 4, "plan_kill_switch"
    yield "apply asks nobody", RUNNER, ["apply", APPLYING], 2, f"claimctl show {APPLYING}"
    yield "approve asks nobody", CHECKER, ["approve", PLANNED], 2, f"claimctl show {PLANNED}"
    for command in (["status"], ["plans"], ["show", PLANNED], ["pause", "--reason", "w"]):
        yield f"stranger: {command[0]}", STRANGER, command, 4, "permission denied"
    for command in (["doctor"], ["explain", "anna"]):
        said = f"grant claim_reader to {STRANGER}"
        yield f"stranger: {command[0]}", STRANGER, command, 4, said


CASES = list(cases())


@pytest.fixture(scope="module")
def filled(guards: Guards, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guard]:
    """The database of all cases, with a login that has no right and one that may plan and apply."""
    guard = guards.fresh(NOTHING_TO_SETTLE)
    guard.add_short_wallet("anna")
    guard.plan()
    guard.make("plan_kill_switch", is_on=False)
    rejected = guard.plan()
    guard.call(CHECKER, "reject_plan", rejected, "test")
    guard.plan_and_begin()
    guard.execute(f"drop role if exists {STRANGER}; create role {STRANGER} login")
    guard.execute("drop role if exists twofold; create role twofold login")
    guard.execute("grant claim_planner, claim_applier to twofold")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("nowhere"))
        yield guard
    guard.execute(f"drop role {STRANGER}; drop role twofold")


def run(guard: Guard, user: str, *arguments: str, env: dict[str, str] | None = None) -> Answer:
    """Run a command as a login."""
    return claimctl(*arguments, "--dsn", guard.server.dsn(guard.name, user), env=env)


def everything(guard: Guard) -> dict[str, list[tuple[Any, ...]]]:
    """Return all that could be written, in one query."""
    query = "select (select jsonb_agg(t order by t::text) from {} as t)"
    tables = ("user_wallet_balances", "purchase_claims", "store_config", "claim_ops.plans")
    others = ("claim_ops.journal_batches", "claim_ops.control", "claim_ops.plan_lines")
    with guard.connect() as connection:
        return {
            table: connection.execute(query.format(table).encode()).fetchall()
            for table in (*tables, *others)
        }


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 150
    assert len({name for name, *_ in CASES}) == len(CASES)


@pytest.mark.parametrize(
    ("user", "command", "code", "said"), [c[1:] for c in CASES], ids=[c[0] for c in CASES]
)
def test_one_sentence(filled: Guard, user: str, command: list[str], code: int, said: str) -> None:
    before = everything(filled)
    answer = run(filled, user, *command)
    assert answer.exit_code == code, answer.stderr
    shown = Answer(code, "", answer.stderr).sentence
    assert said in shown
    assert len(shown) < 2_600
    assert shown.isprintable()
    assert everything(filled) == before


@pytest.mark.parametrize(
    ("redirection", "code", "said"),
    [
        (">&-", 1, "Standard output is closed"),
        (">/dev/full", 1, "Standard output could not be written: No space left"),
        ("<&- >/dev/null", 0, ""),
        ("2>&-", 0, ""),
    ],
)
def test_a_stream_that_is_closed_or_full(redirection: str, code: int, said: str) -> None:
    """In a shell, without a database: the streams are the same whatever the command."""
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS)}
    command = [sys.executable, "-c", CLAIMCTL, "--help"]
    process = subprocess.run(
        ["sh", "-c", f'"$@" {redirection}', "sh", *command], capture_output=True, env=environment
    )
    assert process.returncode == code
    assert process.stderr.decode().startswith(f"claimctl: {said}" if said else "")
    assert len(process.stderr.splitlines()) == bool(said)


@pytest.mark.parametrize(
    "locale", [{}, {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"}]
)
def test_bytes_that_are_no_text(locale: dict[str, str]) -> None:
    environment = {**os.environ, "PYTHONPATH": str(SCRIPTS), **locale}
    command: list[str | bytes] = [sys.executable, "-c", CLAIMCTL, "explain", b"\xff"]
    process = subprocess.run(command, capture_output=True, env=environment)
    assert process.returncode == 2
    said = "claimctl: Argument 2 of the command line holds bytes that are not UTF-8.\n"
    assert process.stderr.decode() == said


def test_the_settings_of_a_session_change_nothing(filled: Guard) -> None:
    environment = {"PGCLIENTENCODING": "LATIN1", "PGOPTIONS": "-c datestyle=SQL,DMY"}
    for command in (["show", PLANNED], ["plans"], ["status"], ["explain", "anna"]):
        expected, answer = (run(filled, "postgres", *command, env=env) for env in ({}, environment))
        assert (answer.exit_code, answer.stdout, answer.stderr) == (0, expected.stdout, "")
    said = run(filled, MAKER, *WALLETS, "--user", "王芳", env=environment)
    assert (said.exit_code, "there is no user 王芳" in said.sentence) == (2, True)


def test_a_server_that_only_reads(filled: Guard) -> None:
    environment = {"PGOPTIONS": "-c default_transaction_read_only=on"}
    for user, command in ((MAKER, WALLETS), (RUNNER, ["apply", APPLYING, "--yes"])):
        answer = run(filled, user, *command, env=environment)
        assert (answer.exit_code, "connect to the primary" in answer.stderr) == (4, True)


def test_a_host_that_is_none() -> None:
    answer = claimctl("status", env={"PGHOST": "nohost.invalid"})
    assert (answer.exit_code, "'nohost.invalid'" in answer.sentence) == (3, True)


def test_an_unexpected_error(filled: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
    """A driver that fails in a way of its own ends in a sentence; the variable shows where."""
    monkeypatch.setattr("claimctl.guard.GUARD_VERSION", property())
    monkeypatch.setattr("claimctl.database.DEADLINES", None)
    answer = run(filled, MAKER, "status")
    assert (answer.exit_code, "An unexpected error, AttributeError" in answer.sentence) == (1, True)
    assert "CLAIMCTL_DEBUG=1" in answer.sentence
    assert run(filled, ALERTER, "alerts").exit_code == 3
    with pytest.raises(AttributeError):
        run(filled, MAKER, "status", env={"CLAIMCTL_DEBUG": "1"})


def test_text_of_the_database_never_steers_the_terminal(filled: Guard) -> None:
    hostile = "\x1b[2J\x9b31m\u202e\r"
    plan = filled.make("plan_kill_switch", is_on=False, reason=hostile)
    for command in (
        ["show", str(plan)],
        ["plans"],
        ["plans", "--json"],
        ["show", str(plan), "--json"],
    ):
        answer = run(filled, "postgres", *command)
        assert answer.exit_code == 0
        assert all(line.isprintable() for line in answer.stdout.splitlines())
        assert not set("\x1b\x9b\u202e\r") & set(answer.stdout)


def test_hints_of_the_guard_end_in_commands_to_copy() -> None:
    assert split_hint("Ask another login: claimctl approve 2") == (
        "Ask another login:",
        ["claimctl approve 2"],
    )
    assert split_hint("Both: dbt build; dbt seed.") == ("Both:", ["dbt build", "dbt seed"])
    assert split_hint("claimctl plans") == ("Next:", ["claimctl plans"])
    assert split_hint("Name one of them") == ("Name one of them", [])


def test_texts() -> None:
    assert all(map(is_blank, BLANKS.values()))
    assert not any(map(is_blank, ("a", " . ", "王", "🛡")))
    assert printable("a\nb\x1b\ud800") == "a\\nb\\x1b\\ud800"
    assert len(shortened(LONG)) < 200
    assert shortened("a word " * 10) == "a word " * 10
