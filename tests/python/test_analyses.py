"""The analyses, each run once over faults planted for it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from support.claimctl import claimctl, on
from support.databases import Database, Templates
from support.dbt_project import DbtProject
from support.documents import departures, documented

SHIELD = "consumable_streakshield_1"
VARS = {"has_queued_purchases": True, "user": "eve"}
GIVEN = {"claim_history_of_user": ["--user", "eve"]}
# Monday, 3 o'clock in UTC, when it is Sunday in New York.
MONDAY = "2026-06-08 03:00+00"
FAULTS = f"""
-- Eve claims every three hours, and ten users claim for the first time in one minute.
insert into purchase_claims (tx_id, user_id, sku, claimed_at)
select 'eve-' || n, 'eve', 'consumable_xp_booster_7d', now() - n * interval '3 hours'
from generate_series(1, 5) as n;
insert into purchase_claims (tx_id, user_id, sku, claimed_at)
select 'bot-' || n, 'bot-' || n, 'consumable_xp_booster_7d',
    date_trunc('minute', now() - interval '2 days') + n * interval '1 second'
from generate_series(1, 10) as n;
insert into audit_purchases (tx_id, user_id, sku, status, purchased_at) values
    ('eve-1', 'eve', 'consumable_xp_booster_7d', 'NON_RENEWING_PURCHASE', now()),
    ('eve-1', 'mallory', 'consumable_xp_booster_7d', 'EXPIRATION', now());
-- Refused in UTC's week although the claim before was of New York's last, or this one is of
-- Berlin's next; rightly.
alter table user_wallet_balances add time_zone text;
insert into user_wallet_balances (user_id, streakshield_count, updated_at, time_zone)
values ('zoned', 1, '2026-06-10 12:00+00', 'Europe/Berlin'), ('greedy', 1, now(), 'Moon/Apollo');
insert into purchase_claims (tx_id, user_id, sku, claimed_at) values
    ('local-1', 'local', '{SHIELD}', '{MONDAY}'),
    ('zoned-1', 'zoned', '{SHIELD}', '2026-06-10 12:00+00'),
    ('greedy-1', 'greedy', '{SHIELD}', '2026-04-14 12:00+00');
insert into audit_purchases (tx_id, user_id, sku, status, purchased_at) values
    ('local-2', 'local', '{SHIELD}', 'NON_RENEWING_PURCHASE', '2026-06-10 12:00+00'),
    ('zoned-2', 'zoned', '{SHIELD}', 'NON_RENEWING_PURCHASE', '2026-06-14 23:30+00'),
    ('greedy-2', 'greedy', '{SHIELD}', 'NON_RENEWING_PURCHASE', '2026-04-15 12:00+00'),
    ('modest-1', 'modest', '{SHIELD}', 'NON_RENEWING_PURCHASE', '2026-04-15 12:00+00');
-- Two weeks ago on Wednesday half of the requests fail for half an hour, on Thursday one of 600.
create table days as select date_trunc('week', now(), 'UTC') - interval '11 days' as outage,
    date_trunc('week', now(), 'UTC') - interval '10 days' as calm;
insert into function_metrics ("timestamp", function_name, status_code, duration_ms)
select outage + n * interval '3 seconds', 'claim', 200 + 303 * (n % 2), 10
from days, generate_series(1, 600) as n
union all
select calm + n * interval '3 seconds', 'claim', 200 + 303 * (1 / n), 10
from days, generate_series(1, 600) as n;
insert into purchase_claims (tx_id, user_id, sku, claimed_at)
select name || '-1', name, '{SHIELD}', outage - interval '1 day'
from days, unnest(array['unlucky', 'calm', 'twice', 'refunded']) as name;
-- Bought in the outage, or in the calm; twice, where the other one was claimed, or refunded.
insert into audit_purchases (tx_id, user_id, sku, status, purchased_at)
select tx_id, split_part(tx_id, '-', 1), '{SHIELD}', status,
    case day when 'calm' then calm else outage end + minute * interval '1 minute'
from days, (values
    ('unlucky-2', 'outage', 20, 'NON_RENEWING_PURCHASE'),
    ('calm-2', 'calm', 20, 'NON_RENEWING_PURCHASE'),
    ('twice-2', 'outage', 20, 'NON_RENEWING_PURCHASE'),
    ('twice-3', 'outage', 21, 'NON_RENEWING_PURCHASE'),
    ('refunded-2', 'outage', 20, 'NON_RENEWING_PURCHASE'),
    ('refunded-3', 'outage', 22, 'NON_RENEWING_PURCHASE'),
    ('refunded-3', 'outage', 900, 'REFUND')
) as purchases (tx_id, day, minute, status);
insert into purchase_claims (tx_id, user_id, sku, claimed_at)
select 'twice-3', 'twice', '{SHIELD}', outage + interval '7 days' from days;
-- New York lets pass what is one week's second claim in UTC, and the other way round.
insert into purchase_claims (tx_id, user_id, sku, claimed_at) values
    ('utc-1', 'utc', '{SHIELD}', '{MONDAY}'),
    ('utc-2', 'utc', '{SHIELD}', '2026-06-09 12:00+00'),
    ('york-1', 'york', '{SHIELD}', '2026-06-05 12:00+00'),
    ('york-2', 'york', '{SHIELD}', '{MONDAY}');
alter table queued_purchases alter column tx_id drop not null, alter column user_id drop not null;
insert into queued_purchases (tx_id, user_id, sku, received_at) values
    ('queued', 'anna', '{SHIELD}', '2026-06-02 12:00+00'),
    ('queued', 'anna', '{SHIELD}', '2026-06-01 12:00+00'),
    ('local-1', 'local', '{SHIELD}', '2026-06-03 12:00+00'),
    ('of_two', 'anna', '{SHIELD}', '2026-06-04 12:00+00'),
    ('of_two', 'ben', '{SHIELD}', '2026-06-05 12:00+00'),
    (null, 'anna', '{SHIELD}', '2026-06-06 12:00+00'),
    (null, 'anna', '{SHIELD}', '2026-06-07 12:00+00'),
    ('nobodys', null, '{SHIELD}', '2026-06-08 12:00+00'),
    ('old', 'anna', 'consumable_of_last_year', '2026-06-09 12:00+00');
"""

# Each is run below.
ANALYSES = {
    *("repeated_attempts", "abuse_patterns", "cap_decisions_by_timezone", "override_candidates"),
    *("claim_history_of_user", "purchase_statuses", "queued_purchases", "wallet_causes"),
    "unclaimed_purchases",
}

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Analyses:
    """Runs an analysis of a database whose models are built and returns its rows."""

    database: Database
    dbt: DbtProject
    compiled: dict[str, str]

    def __call__(self, name: str) -> Rows:
        return self.database.rows(self.compiled[name])

    def in_zone(self, name: str, zone: str) -> Rows:
        """Return the rows of an analysis that dbt compiles with another zone."""
        outcome = self.dbt.run("compile", "--select", name, vars={**VARS, "zone": zone})
        assert outcome.success, outcome.explain()
        return self.database.rows(outcome.nodes[name].node.compiled_code)


@pytest.fixture(scope="module")
def analyses(templates: Templates, dbt: DbtProject) -> Analyses:
    database: Database = templates.fresh_database()
    database.execute(FAULTS)
    outcome = dbt.build("--exclude-resource-type", "test", vars=VARS)
    assert outcome.success, outcome.explain()
    compiled = dbt.run("compile", "--select", "resource_type:analysis", vars=VARS)
    assert compiled.success, compiled.explain()
    names = {path.stem for path in (dbt.project_dir / "analyses").glob("*.sql")}
    assert set(compiled.nodes) == names == ANALYSES
    queries = {name: item.node.compiled_code for name, item in compiled.nodes.items()}
    return Analyses(database, dbt, queries)


def test_analyses_find_what_they_are_for(analyses: Analyses) -> None:
    booster = "consumable_xp_booster_7d"
    assert [row[:3] for row in analyses("repeated_attempts")] == [("eve", booster, 5)]

    (many, even) = analyses("abuse_patterns")
    assert (many[0], many[2]) == ("many_accounts", 10)
    assert even[:3] == ("even_gaps", "eve", 5)

    # Judged, at a boundary, beyond both, beyond the cap only, beyond the other cap only.
    zones = ("UTC", "America/New_York")
    assert analyses("cap_decisions_by_timezone") == [
        ("claims", "week", *zones, 12, 3, 0, 1, 1),
        ("claims", "month", *zones, 12, 0, 0, 0, 0),
        ("refused purchases", "week", *zones, 8, 0, 6, 1, 0),
        ("refused purchases", "month", *zones, 8, 0, 0, 0, 0),
    ]
    candidates = analyses("override_candidates")
    assert [row[:1] + row[4:7] for row in candidates] == [
        ("local-2", "week", "possible boundary", "America/New_York (nobody knows the user's zone)"),
        ("zoned-2", "week", "boundary", "Europe/Berlin"),
        ("unlucky-2", "week", "outage", "America/New_York (nobody knows the user's zone)"),
    ]
    evidence = [row[7] for row in candidates]
    assert all(text.startswith("claim 2 of 1 in the week since 20") for text in evidence)
    assert "by the user's clocks claim 1 since 2026-06-14 22:00:00+00" in evidence[1]
    assert "; up to 5" in evidence[2]
    assert " % of requests failed from 20" in evidence[2]
    # In Tokyo local-1 was claimed on Monday, too: no boundary. A known zone and an outage stay.
    tokyo = analyses.in_zone("override_candidates", "Asia/Tokyo")
    assert [row[:1] + row[5:7] for row in tokyo] == [
        ("zoned-2", "boundary", "Europe/Berlin"),
        ("unlucky-2", "outage", "Asia/Tokyo (nobody knows the user's zone)"),
    ]
    history = [(row[0], row[3], row[5]) for row in analyses("claim_history_of_user")]
    assert len(history) == 6
    assert {each for each in history if each[0] == "eve-1"} == {
        ("eve-1", "NON_RENEWING_PURCHASE", False),
        ("eve-1", "EXPIRATION", True),
    }
    histogram = {(row[0], row[1]): row[2:4] + row[6:] for row in analyses("purchase_statuses")}
    assert histogram == {
        ("NON_RENEWING_PURCHASE", SHIELD): (10, 10, True, False, True),
        ("REFUND", SHIELD): (1, 1, False, True, True),
        ("NON_RENEWING_PURCHASE", booster): (1, 1, True, False, True),
        ("EXPIRATION", booster): (1, 1, False, False, True),
    }


def test_claimctl_prints_them_whole(
    analyses: Analyses, subtests: pytest.Subtests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a narrow terminal too, each value of each row; what dbt compiles is given to it here."""
    monkeypatch.setattr(
        "claimctl.commands.analyse.compiled", lambda folder, name, vars: analyses.compiled[name]
    )
    monkeypatch.setattr("claimctl.output.UNLIMITED_WIDTH", 80)
    options = on(analyses.database)
    listed = claimctl("analyse", "--json", *options).document
    assert {each["name"] for each in listed} == ANALYSES
    for name in sorted(ANALYSES):
        given = GIVEN.get(name, [])
        with subtests.test(name):
            document = claimctl("analyse", name, *given, "--json", *options).document
            assert list(departures(document, documented()["analyse"])) == []
            assert len(document["rows"]) == len(analyses(name)) > 0
            shown = claimctl("analyse", name, *given, *options).stdout
            for value in (value for row in document["rows"] for value in row.values()):
                text = str(value).replace("T", " ")[:19] if is_time(value) else str(value)
                assert value is None or text in shown
    assert "claimctl analyse" in claimctl("analyse", "hat", *options).sentence
    assert "by --user" in claimctl("analyse", "claim_history_of_user", *options).sentence
    assert (
        "leave --user out" in claimctl("analyse", "abuse_patterns", "--user", "x", *options).stderr
    )


def test_another_zone_is_handed_to_dbt(analyses: Analyses, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[dict[str, str]] = []

    def compile_them(folder: Path, name: str, vars: dict[str, str]) -> str:
        given.append(vars)
        return analyses.compiled[name]

    monkeypatch.setattr("claimctl.commands.analyse.compiled", compile_them)
    zone = ("--zone", "Pacific/Honolulu", *on(analyses.database))
    assert claimctl("analyse", "cap_decisions_by_timezone", *zone).exit_code == 0
    assert given == [{"zone": "Pacific/Honolulu"}]
    assert "leave --zone out" in claimctl("analyse", "abuse_patterns", *zone).sentence
    # PostgreSQL takes UTC+2, two hours west.
    for unknown in ("Moon/Apollo", "UTC+2"):
        command = ("analyse", "override_candidates", "--zone", unknown, *on(analyses.database))
        assert "no zone that the database knows by name" in claimctl(*command).sentence
        assert claimctl(*command).exit_code == 2


def is_time(value: object) -> bool:
    return isinstance(value, str) and value[10:11] == "T" and value.endswith("+00:00")


@pytest.mark.slow
def test_claimctl_has_dbt_compile_them(
    analyses: Analyses, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))
    monkeypatch.setenv("DBT_LOG_PATH", str(tmp_path / "logs"))
    monkeypatch.setenv("DBT_PROFILES_DIR", str(analyses.dbt.scratch))
    command = ("analyse", "claim_history_of_user", "--json", *on(analyses.database))
    rows = claimctl(*command, "--user", "eve").document["rows"]
    assert {row["tx_id"] for row in rows} == {f"eve-{number}" for number in range(1, 6)}
    assert claimctl(*command, "--user", "o'eve").document["rows"] == []


def test_the_queue_is_told_tx_id_by_tx_id(analyses: Analyses) -> None:
    queue = [(row[0], row[1], row[2], row[5], row[-1]) for row in analyses("queued_purchases")]
    assert queue == [
        ("queued", "2", "anna", 2, None),
        ("local-1", "3", "local", 1, "claimed"),
        ("of_two", "4", "anna", 2, "conflicting_users"),
        (None, "6", "anna", 1, "no_tx_id"),
        (None, "7", "anna", 1, "no_tx_id"),
        ("nobodys", "8", None, 1, "no_user"),
        ("old", "9", "anna", 1, "unknown_sku"),
    ]
