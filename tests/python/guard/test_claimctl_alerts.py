"""`claimctl alerts`: states, exit codes, messages that reach people once, and a file of metrics."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from claimctl.notifications import value_against_threshold
from prometheus_client.parser import text_string_to_metric_families
from sandbox.server import free_port
from support.alerts import SEVERITIES, Webhook, put_alerts_in_place, set_alert, webhook
from support.claimctl import Answer, claimctl, on
from support.databases import MODELS_SCHEMA
from support.dbt_project import ROOT
from support.guard import ALERTER, MAKER, RUNNER, Guard, with_inherit
from support.guard_templates import Guards

OK, WARNING, CRITICAL, UNKNOWN = 0, 1, 2, 3
ONCALL, LEAD, CTO = (f"CLAIMCTL_NOTIFY_{name}" for name in ("ONCALL", "BACKEND_LEAD", "CTO"))


@pytest.fixture
def alerts(guard: Guard) -> Guard:
    """A database with the guard, whose three alerts are ok."""
    put_alerts_in_place(guard)
    return guard


@pytest.fixture
def hook() -> Iterator[Webhook]:
    with webhook() as running:
        yield running


def run(guard: Guard, *options: str, env: dict[str, str] | None = None) -> Answer:
    """Run the command as the alerter."""
    contacts = dict.fromkeys((ONCALL, LEAD, CTO), "")
    return claimctl("alerts", *options, *on(guard, user=ALERTER), env={**contacts, **(env or {})})


def start(guard: Guard, *options: str, first: str = "") -> subprocess.Popen[str]:
    """Start the command as the alerter in a process of its own."""
    return subprocess.Popen(
        [
            *(sys.executable, "-c", f"{first}from claimctl.cli import main; main()", "alerts"),
            *(*options, *on(guard, user=ALERTER)),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "scripts")},
    )


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def complaints(answer: Answer) -> list[str]:
    """What was said on standard error, one sentence a line."""
    lines = answer.stderr.splitlines()
    assert all(line.startswith("claimctl: ") and line.endswith(".") for line in lines), lines
    return [line.removeprefix("claimctl: ") for line in lines]


# States and exit codes


@pytest.mark.parametrize(
    ("states", "exit_code"),
    [
        ({}, OK),
        ({"error_rate": "pending"}, OK),
        ({"conflict_rate": "firing"}, OK),
        ({"latency": "firing"}, WARNING),
        ({"error_rate": "firing"}, CRITICAL),
        ({"error_rate": "firing", "latency": "no_data"}, CRITICAL),
        ({"latency": "no_data"}, UNKNOWN),
        ({"conflict_rate": "low_traffic"}, UNKNOWN),
        ({"latency": "firing", "error_rate": "low_traffic"}, UNKNOWN),
    ],
)
def test_exit_codes(alerts: Guard, states: dict[str, str], exit_code: int) -> None:
    for alert, state in states.items():
        set_alert(alerts, alert, state)
    answer = run(alerts, "--json")
    assert answer.exit_code == exit_code
    found = {alert["alert"]: alert["state"] for alert in answer.document["alerts"]}
    assert found.items() >= (dict.fromkeys(SEVERITIES, "ok") | states).items()


def test_the_models_say_what_fires(guard: Guard) -> None:
    """Silence is unknown; twenty minutes with every fifth request failing are an alert."""
    silent = run(guard, "--json")
    assert silent.exit_code == UNKNOWN
    found = {alert["alert"]: alert["state"] for alert in silent.document["alerts"]}
    about_shop = ("unapproved_break_glass", "unclaimed_purchases", "old_discrepancies")
    assert {found.pop(alert) for alert in (*about_shop, "claims_stop")} == {"ok"}
    assert set(found.values()) == {"no_data"}
    guard.execute(
        """
        insert into function_metrics ("timestamp", function_name, status_code, duration_ms)
        select
            date_trunc('minute', now()) - number * interval '1 second', 'claim',
            case when number % 5 = 0 then 500 else 200 end, 80
        from generate_series(1, 1200) as number
        """
    )
    answer = run(guard, "--json")
    assert answer.exit_code == CRITICAL
    states = {alert["alert"]: alert for alert in answer.document["alerts"]}
    assert states["error_rate"]["state"] == "firing"
    assert states["error_rate"]["value"] == pytest.approx(0.2)
    assert states["error_rate"]["escalation_level"] == 1
    assert states["latency"]["state"] == "ok"


def test_a_log_that_stands_still_while_claims_go_on_is_told(guard: Guard, hook: Webhook) -> None:
    """The service may write its log no more: alerts, doctor and on-call say so."""
    guard.execute(
        f"""
        insert into function_metrics ("timestamp", function_name, status_code, duration_ms)
        select date_trunc('minute', now()) - interval '40 minutes', 'claim', 200, 80;
        insert into {MODELS_SCHEMA}.int_shop_minutes (started_at, claims, purchases, built_at)
        select date_trunc('minute', now()) - number * interval '1 minute', 30, 30, now()
        from generate_series(1, 60) as number;
        """
    )
    answer = run(guard, "--json", "--notify", hook.url)
    assert answer.exit_code == UNKNOWN
    found = {alert["alert"]: alert for alert in answer.document["alerts"]}
    assert found["error_rate"]["state"] == "no_data"
    alert = found["log_not_written"]
    assert (alert["state"], alert["value"]) == ("firing", 39 * 30)
    last = guard.value('select max("timestamp")::text from function_metrics')
    said = f"The last metric is of {last[:19]} UTC, and 1170 claims came since"
    assert said in alert["description"]
    assert alert["since"][:16].replace("T", " ") == last[:16]
    assert hook.titles == ["WARNING: log_not_written fires"]
    assert "the log is not written." in hook.received[0]["message"]

    findings = claimctl("doctor", "--json", *on(guard)).document["findings"]
    assert alert["description"] in [each["finding"] for each in findings if each["check"] == "log"]


def test_the_runbook_has_an_entry_for_each_alert(guard: Guard) -> None:
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    titles = re.findall(r"^#+ (.*)$", runbook, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles}
    urls = [row[0] for row in guard.rows(f"select runbook_url from {MODELS_SCHEMA}.rpt_alerts")]
    assert len(urls) >= 9
    for url in [*urls, "docs/runbook.md#unapproved-break-glass"]:
        file, anchor = url.split("#")
        assert file == "docs/runbook.md"
        assert anchor in anchors
    links = re.findall(r"\]\(#([^)]*)\)", runbook)
    assert set(links) <= anchors


def test_silence_holds_a_firing_alert(alerts: Guard) -> None:
    set_alert(alerts, "error_rate", "firing", level=1, signal="no_data")
    answer = run(alerts)
    assert answer.exit_code == CRITICAL
    assert "firing, held by no_data" in answer.stdout
    set_alert(alerts, "error_rate", "ok")
    set_alert(alerts, "latency", "firing", level=1, signal="low_traffic")
    assert run(alerts).exit_code == UNKNOWN


def test_the_table_says_what_to_do(alerts: Guard) -> None:
    set_alert(alerts, "error_rate", "firing", minutes=40, level=2)
    started = time.perf_counter()
    answer = run(alerts)
    assert time.perf_counter() - started < 1
    first, *_ = (line for line in answer.stdout.splitlines() if "error_rate" in line)
    assert first.split()[:3] == ["firing", "critical", "error_rate"]
    assert first.split()[5:] == ["0.2", "0.05", "2"]
    assert ".\n  docs/runbook.md#error-rate\n" in answer.stdout
    assert "docs/runbook.md#latency" not in answer.stdout
    assert "Together: critical. Times are in UTC." in answer.stdout


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0.0000794, "0.0000794"),
        (14.4321, "14.43"),
        (123456.7, "123500"),
        (0, "0"),
        (None, "unknown"),
    ],
)
def test_a_value_is_read_without_an_exponent(value: float | None, shown: str) -> None:
    alert = {"value": value, "threshold": 0.05}
    assert value_against_threshold(alert) == f"{shown} against 0.05"


def test_alerts_alone_load_no_library_of_messages(alerts: Guard) -> None:
    listing = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr))"
    process = start(alerts, first=f"{listing}; ")
    _, modules = process.communicate(timeout=20)
    assert process.returncode == OK
    assert {"psycopg", "rich"} <= set(modules.split())
    assert {"apprise", "prometheus_client", "requests"}.isdisjoint(modules.split())


# Stale and missing input: never 0


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("update {}.rpt_wallet_build set too_old_at = now()", "and are too old since"),
        ("update {}.rpt_wallet_build set as_of = now()", "The models look back"),
        ("delete from {}.rpt_wallet_build", "The models have no build"),
        ("delete from {}.rpt_alerts", "No alert could be judged"),
    ],
)
def test_stale_input_is_unknown(alerts: Guard, change: str, sentence: str) -> None:
    alerts.execute(change.format(MODELS_SCHEMA))
    answer = run(alerts)
    assert answer.exit_code == UNKNOWN
    assert re.search(f"^STALE: .*{sentence}", answer.stdout, re.MULTILINE)
    assert "Together: unknown." in answer.stdout


def test_a_critical_alert_is_critical_also_where_the_input_is_stale(alerts: Guard) -> None:
    alerts.execute(f"update {MODELS_SCHEMA}.rpt_wallet_build set too_old_at = '2020-01-02'")
    set_alert(alerts, "error_rate", "firing", level=1)
    assert run(alerts).exit_code == CRITICAL


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("drop table {}.rpt_alerts", "holds no rpt_alerts. To build it: dbt build"),
        ("drop schema {} cascade", "does not hold the wallet models"),
        ("revoke select on {}.rpt_alerts from claim_reader", "permission denied"),
    ],
)
def test_what_cannot_be_read_is_unknown(alerts: Guard, change: str, sentence: str) -> None:
    alerts.execute(change.format(MODELS_SCHEMA))
    answer = run(alerts)
    assert answer.exit_code == UNKNOWN
    assert sentence in answer.sentence


def test_wrong_usage_and_no_connection_are_unknown(tmp_path: Path) -> None:
    """Exit code 2 would look like a critical alert."""
    nowhere = ["--dsn", f"host=127.0.0.1 port={free_port()}", "--project-dir", str(ROOT)]
    assert claimctl("alerts", *nowhere).exit_code == UNKNOWN
    assert claimctl("alerts", "--no-such-option").exit_code == UNKNOWN
    assert claimctl("alerts", "--prometheus", str(tmp_path)).exit_code == UNKNOWN
    answer = claimctl("alerts", "--notify", "postgres//secret@there")
    assert answer.exit_code == UNKNOWN
    assert "--notify number 1 is no URL of Apprise" in answer.sentence
    assert "secret" not in answer.sentence


def test_who_may_not_look_at_the_guard_is_told_by_the_models(guard: Guard) -> None:
    """A dashboard's login reads them and nothing of claim_ops."""
    guard.execute(
        f"""
        create role bystander login;
        grant usage on schema {MODELS_SCHEMA} to bystander;
        grant select on all tables in schema {MODELS_SCHEMA} to bystander;
        """
    )
    made = guard.make("plan_kill_switch", is_on=False)
    guard.call(RUNNER, "break_glass", made, "every claim fails")
    try:
        answer = claimctl("alerts", "--json", *on(guard, user="bystander"))
        assert answer.exit_code == CRITICAL
        (found,) = (each for each in answer.document["alerts"] if each["state"] == "firing")
        assert found["command"] == f"claimctl approve {made}"
    finally:
        guard.execute("drop owned by bystander; drop role bystander")


def test_without_the_guard_alerts_are_shown_and_nobody_is_notified(
    guards: Guards, hook: Webhook
) -> None:
    guard = guards.with_models()
    guard.execute("create role claim_reader") if not _has_role(guard) else None
    put_alerts_in_place(guard)
    assert claimctl("alerts", *on(guard)).exit_code == OK
    answer = claimctl("alerts", "--notify", hook.url, *on(guard))
    assert answer.exit_code == UNKNOWN
    assert answer.stderr == (
        "claimctl: No message was sent. The guard is not installed here:"
        " dbt run-operation install_guard\n"
    )


def _has_role(guard: Guard) -> bool:
    return bool(guard.value("select count(*) from pg_roles where rolname = 'claim_reader'"))


def broken_glass(guard: Guard) -> tuple[int, dict[str, Any]]:
    """Return the exit code and what the models say of unapproved kill switches."""
    answer = run(guard, "--json")
    (found,) = (each for each in answer.document["alerts"] if "break_glass" in each["alert"])
    (dashboard,) = guard.records(
        f"select * from {MODELS_SCHEMA}.rpt_alerts where alert = 'unapproved_break_glass'"
    )
    assert found["state"] == dashboard["state"]
    assert found["severity"] == dashboard["severity"] == "critical"
    assert found["runbook_url"] == dashboard["runbook_url"]
    return answer.exit_code, found


@pytest.mark.parametrize("minutes", [None, 45])
def test_an_unapproved_kill_switch_is_a_critical_alert(guard: Guard, minutes: int | None) -> None:
    """To dashboards as to the command line, and it climbs."""
    guard.execute(
        f"""
        create or replace view claim_ops.unapproved_break_glass as
        select
            7::bigint as plan_id, now() - interval '{minutes or 0} minutes' as applied_at,
            'mira'::name as by, 'down'::text as reason
        where {minutes is not None};
        """
    )
    exit_code, found = broken_glass(guard)
    assert exit_code == (CRITICAL if minutes else UNKNOWN)
    assert found["state"] == ("firing" if minutes else "ok")
    assert found["escalation_level"] == (2 if minutes else None)
    assert found["runbook_url"] == "docs/runbook.md#unapproved-break-glass"
    assert found["command"] == f"claimctl approve {7 if minutes else 'PLAN'}"


def test_a_switch_at_once_is_an_alert_until_another_login_approves(guard: Guard) -> None:
    made = guard.make("plan_kill_switch", is_on=False)
    assert broken_glass(guard)[1]["state"] == "ok"
    guard.call(RUNNER, "break_glass", made, "every claim fails")
    exit_code, found = broken_glass(guard)
    assert (exit_code, found["state"], found["escalation_level"]) == (CRITICAL, "firing", 1)
    assert found["command"] == f"claimctl approve {made}"
    guard.batch(made)
    guard.call(RUNNER, "finish_apply", made)
    assert broken_glass(guard)[0] == CRITICAL
    guard.approve(made)
    assert broken_glass(guard)[1]["state"] == "ok"


def test_alerts_that_do_not_know_the_guard_are_unknown(alerts: Guard) -> None:
    """Models of a build before the guard, which its installer might not touch."""
    alerts.execute(f"delete from {MODELS_SCHEMA}.rpt_alerts where alert = 'unapproved_break_glass'")
    answer = run(alerts)
    assert answer.exit_code == UNKNOWN
    assert "no alert tells of an unapproved kill switch: run dbt build" in answer.stdout


# Messages


def test_three_messages_over_one_incident_also_when_runs_overlap(
    alerts: Guard, hook: Webhook
) -> None:
    """In each round two processes run; the one that has a message is held until the other ends."""
    for state, minutes, level in (
        ("firing", 0, 1),
        ("firing", 31, 2),
        ("ok", 0, None),
        ("ok", 1, None),
    ):
        set_alert(alerts, "error_rate", state, minutes=minutes, level=level)
        # So late that the time since when it fires lies before the last look.
        alerts.execute("update claim_ops.alert_notifications set seen_firing_at = now()")
        hook.delay.clear()
        runs = [start(alerts, "--notify", hook.url) for _ in range(2)]
        wait_until(lambda: any(each.poll() is not None for each in runs))  # noqa: B023
        hook.delay.set()
        assert [each.communicate(timeout=20)[1] for each in runs] == ["", ""]

    assert hook.titles == [
        "CRITICAL: error_rate fires",
        "CRITICAL: error_rate still fires, escalated to level 2",
        "RECOVERED: error_rate",
    ]
    firing, _, recovery = hook.received
    for part in ("A share of requests.", "Since 20", "0.2 against 0.05"):
        assert part in firing["message"]
    assert "Runbook: docs/runbook.md#error-rate" in firing["message"]
    assert "Run: " not in firing["message"]
    assert (firing["type"], recovery["type"]) == ("failure", "success")


def test_each_level_is_told_through_its_own_contacts(alerts: Guard) -> None:
    with webhook() as oncall, webhook() as lead, webhook() as cto:
        env = {ONCALL: oncall.url, LEAD: lead.url, CTO: cto.url}
        for minutes, level in ((0, 1), (31, 2)):
            set_alert(alerts, "latency", "firing", minutes=minutes, level=level)
            alerts.execute("update claim_ops.alert_notifications set seen_firing_at = now()")
            assert complaints(run(alerts, "--notify", env=env)) == []
        set_alert(alerts, "latency", "ok")
        assert complaints(run(alerts, "--notify", env=env)) == []
        escalation = "WARNING: latency still fires, escalated to level 2"
        assert oncall.titles == ["WARNING: latency fires", "RECOVERED: latency"]
        assert lead.titles == [escalation, "RECOVERED: latency"]
        assert cto.titles == []


def test_a_failing_channel_is_named_and_the_next_one_tried(alerts: Guard) -> None:
    set_alert(alerts, "error_rate", "firing", level=1)
    with webhook() as oncall, webhook() as lead:
        oncall.status = 500
        env = {ONCALL: oncall.url, LEAD: lead.url}
        answer = run(alerts, "--notify", env=env)
        assert complaints(answer) == [
            "On-Call Engineer was not told (CRITICAL: error_rate fires): "
            "its channel refused the message or did not answer."
        ]
        assert lead.titles == ["CRITICAL: error_rate fires"]
        assert complaints(run(alerts, "--notify", env=env)) == []


def test_an_escalation_goes_up_before_it_goes_down(alerts: Guard) -> None:
    set_alert(alerts, "error_rate", "firing", level=2)
    with webhook() as oncall, webhook() as cto:
        run(alerts, "--notify", env={ONCALL: oncall.url, CTO: cto.url})
        assert oncall.titles == ["CRITICAL: error_rate fires"]
        assert cto.titles == ["CRITICAL: error_rate still fires, escalated to level 2"]


def test_what_nobody_took_is_tried_again(alerts: Guard, hook: Webhook) -> None:
    set_alert(alerts, "latency", "firing", level=1)
    hook.status = 503
    for _ in range(2):
        answer = run(alerts, "--notify", hook.url)
        assert answer.exit_code == UNKNOWN
        assert complaints(answer)[-1] == (
            "No contact got the message: WARNING: latency fires. The next run tries again."
        )
    hook.status = 200
    answer = run(alerts, "--notify", hook.url)
    assert (answer.exit_code, complaints(answer)) == (WARNING, [])
    assert hook.titles == ["WARNING: latency fires"]


def test_a_contact_without_a_url_is_named(alerts: Guard) -> None:
    set_alert(alerts, "error_rate", "firing", level=1)
    answer = run(alerts, "--notify", env={LEAD: "no url"})
    assert answer.exit_code == CRITICAL
    about = "was not told (CRITICAL: error_rate fires):"
    assert complaints(answer) == [
        f"On-Call Engineer {about} the environment variable {ONCALL} is not set.",
        f"Backend Team Lead {about} {LEAD} holds no URL of Apprise.",
        f"CTO {about} the environment variable {CTO} is not set.",
        "No contact got the message: CRITICAL: error_rate fires. The next run tries again.",
    ]


def test_a_refusing_guard_leaves_the_alerts_shown(alerts: Guard, hook: Webhook) -> None:
    """The maker may look, and may not keep a message from others by claiming it."""
    set_alert(alerts, "latency", "firing", level=1)
    answer = claimctl("alerts", "--notify", hook.url, *on(alerts, user=MAKER))
    assert answer.exit_code == UNKNOWN
    said = answer.stderr
    assert said.startswith("claimctl: No message was sent. The login maker may not do that: ")
    grant = f"grant claim_alerter to maker{with_inherit(alerts)}"
    assert said.rstrip().endswith(f"run: {grant}")
    assert "latency" in answer.stdout
    assert hook.titles == []


# Prometheus


def test_prometheus_reads_the_file(alerts: Guard, tmp_path: Path) -> None:
    file = tmp_path / "claims.prom"
    set_alert(alerts, "error_rate", "firing", minutes=40, level=2)
    alerts.execute(f"update {MODELS_SCHEMA}.rpt_alerts set value = null where alert = 'latency'")
    assert run(alerts, "--prometheus", str(file)).exit_code == CRITICAL
    families = text_string_to_metric_families(file.read_text())
    samples = {
        (sample.name, *(value for _, value in sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }
    state = "claim_alert_state"
    assert samples[state, "error_rate", "critical", "firing"] == 1
    assert samples[state, "error_rate", "critical", "ok"] == 0
    assert samples[state, "latency", "warning", "ok"] == 1
    assert samples["claim_alert_value", "error_rate"] == 0.2
    assert ("claim_alert_value", "latency") not in samples
    assert samples["claim_alert_threshold", "latency"] == 0.05
    assert samples["claim_alert_escalation_level", "error_rate"] == 2
    now = time.time()
    assert samples["claim_alert_since_timestamp_seconds", "error_rate"] == pytest.approx(
        now - 40 * 60, abs=70
    )
    assert samples[("claim_alerts_exit_code",)] == CRITICAL
    assert samples[("claim_alerts_judged_timestamp_seconds",)] == pytest.approx(now, abs=30)
    assert samples[("claim_models_built_timestamp_seconds",)] == pytest.approx(now, abs=30)


def test_a_file_that_cannot_be_written_is_named(alerts: Guard, tmp_path: Path) -> None:
    file = tmp_path / "nowhere" / "claims.prom"
    answer = run(alerts, "--prometheus", str(file))
    assert answer.exit_code == UNKNOWN
    assert complaints(answer) == [f"{file} could not be written: No such file or directory."]
    assert "error_rate" in answer.stdout
