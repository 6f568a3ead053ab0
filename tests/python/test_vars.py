"""Vars that mean nothing are refused while dbt parses: their name, value, what is allowed."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dbt.cli.main import dbtRunner
from dbt.contracts.graph.manifest import Manifest
from support.databases import Database
from support.dbt_project import ARE_THERE, PARSED_VARS, ROOT, DbtProject, defaults

ITEMS = {"shield": {"column": "shields", "kind": "quantity"}}
WHOLE = ("abc", None, -5, 1.5, True, "60", 10**12, [1])
SHARE = (5, -0.01, "all", None, True)
ZONE = ("UTC+2", "+02:00", "utc 2", "", None, 2)
STATUSES = ("REFUND", None, [None], ["A", "A"], [" "], {"A": 1})
# By var, the values of which each alone is refused.
BAD: dict[str, tuple[Any, ...]] = {
    **dict.fromkeys(("booster_tolerance_seconds", "min_requests"), WHOLE),
    "settle_minutes": tuple(value for value in WHOLE if value != 1.5),
    **dict.fromkeys(("max_wallets", "plan_expiry_hours", "metrics_retention_days"), (*WHOLE, 0)),
    **dict.fromkeys(("max_unsettled_share", "slo_availability", "alert_conflict_rate"), SHARE),
    **dict.fromkeys(("slo_latency_ms", "fast_burn_rate"), (0, -1, "fast", None)),
    **dict.fromkeys(("strict", "deduplicate_metrics"), ("yes", None, 1)),
    **dict.fromkeys(("has_queued_purchases", "has_wallet_adjustments"), ("no", 0)),
    **dict.fromkeys(("cap_timezone", "local_timezone"), ZONE),
    "metrics_time_zone": tuple(value for value in ZONE if value is not None),
    **dict.fromkeys(("recoverable_statuses", "refund_statuses", "ignored_statuses"), STATUSES),
    "claim_functions": (*STATUSES, []),
    "cap_window": ("weekly", "", None, "Calendar"),
    "booster_stacking_policy": ("add", "maximum", None),
    **dict.fromkeys(("recount_metrics_from", "recount_metrics_until"), ("today", "2026-03-31")),
    "claim_service_time_zones": ("UTC", {"claims": "UTC"}),
    "as_of": ("yesterday", "2026-03-31", "2026-03-31 00:30:00", 20260331),
    **dict.fromkeys(
        ("user_id_data_type", "claim_service_schema", "sku_catalog_model", "runbook_url"),
        ("", " ", None, 5),
    ),
    "wallet_items": (None, "shield", [ITEMS]),
    "claim_service_tables": (None, "claims", {"claims": "x"}),
    "claim_service_columns": (None, "tx_id", {"claims": {}}),
    "claim_service_filters": (None, "true", {"store_config": "true"}),
}
# What is right alone and not together, or inside a map, and what is said of it.
SHIELD = ITEMS["shield"]
CONTRADICTIONS: tuple[tuple[str, Any, str], ...] = (
    (
        "recoverable_statuses",
        ["REFUND"],
        "recoverable_statuses and refund_statuses both hold REFUND",
    ),
    ("ignored_statuses", ["REFUND"], "refund_statuses and ignored_statuses both hold REFUND"),
    (
        "wallet_items",
        {"a": SHIELD, "b": SHIELD},
        "wallet_items.b is the column shields, as another",
    ),
    ("wallet_items", {"a": {"column": "a", "kind": "number"}}, "kind quantity or expiry"),
    ("wallet_items", {"a": {"kind": "quantity"}}, "wallet_items.a is"),
    ("wallet_items", {"a": "shields"}, 'wallet_items.a is "shields"'),
    (
        "claim_service_columns",
        {"purchase_claims": "tx"},
        "claim_service_columns.purchase_claims is",
    ),
)
GOOD: dict[str, Any] = {
    "settle_minutes": 0,
    "max_unsettled_share": 1,
    "alert_conflict_rate": 0.5,
    "fast_burn_rate": 2,
    "cap_timezone": "America/Argentina/Buenos_Aires",
    "local_timezone": "Etc/GMT+2",
    "metrics_time_zone": "EST5EDT",
    "refund_statuses": [],
    "has_queued_purchases": True,
    "as_of": "2026-03-31T00:30:00.5+02:00",
    "wallet_items": ITEMS,
}

# Where twice the default is no value.
OTHERS: dict[str, Any] = {
    "cap_window": "rolling",
    **dict.fromkeys(("cap_timezone", "local_timezone", "metrics_time_zone"), "Europe/Berlin"),
    "booster_stacking_policy": "extend",
    "negative_ledger_policy": "clamp",
    "claim_service_columns": {"purchase_claims": {"sku": "product"}},
    "claim_service_time_zones": {"purchase_claims": "UTC"},
    "claim_service_login": "shop_login",
    "ticket_pattern": "[A-Z]+",
    "build_intervals": {"every_15_minutes": 5, "hourly": 60, "daily": 1440},
    "runbook_url": "https://example.com/runbook",
    **dict.fromkeys(("recount_metrics_from", "recount_metrics_until"), "2026-03-31 00:00+00"),
    **dict.fromkeys(("slo_availability", "slo_windows_share"), 0.9),
    "slo_latency_share": 0.9,
    "max_suspected_share": 0.4,
}


def said(dbt: DbtProject, vars: dict[str, Any]) -> str:
    """Return what the check says, on a project that is parsed already."""
    messages: list[str] = []

    def listen(event: Any) -> None:
        if event.info.level == "error":
            messages.append(event.info.msg)

    dbtRunner(manifest=dbt.parse(), callbacks=[listen]).invoke(
        [
            *("run-operation", "check_vars", "--project-dir", str(ROOT)),
            *("--profiles-dir", str(dbt.scratch), "--target-path", str(dbt.scratch / "target")),
            *("--log-path", str(dbt.scratch / "logs"), "--log-level-file", "none", "--quiet"),
            *("--vars", json.dumps(vars)),
        ]
    )
    return "\n".join(messages)


def test_each_bad_value_is_named(
    dbt: DbtProject, database: Database, subtests: pytest.Subtests
) -> None:
    """The first values of all vars at once, then the second ones, until there are no more."""
    for number in range(max(map(len, BAD.values()))):
        given = {name: values[number] for name, values in BAD.items() if number < len(values)}
        message = said(dbt, given)
        for name, value in given.items():
            with subtests.test(f"{name} {value}"):
                assert f"\n    {name} is {json.dumps(value)}; it must be " in message


@pytest.mark.slow
def test_contradictions_are_named(
    dbt: DbtProject, database: Database, subtests: pytest.Subtests
) -> None:
    for name, value, sentence in CONTRADICTIONS:
        with subtests.test(sentence):
            assert sentence in said(dbt, {name: value})


def test_what_is_allowed_passes(dbt: DbtProject, database: Database) -> None:
    assert said(dbt, {}) == said(dbt, GOOD) == ""


def test_every_var_has_a_rule(dbt: DbtProject, database: Database) -> None:
    """A var that is new needs a rule: null is none of its values, or it says so."""
    message = said(dbt, {name: [[]] for name in defaults()})
    assert [name for name in defaults() if f"\n    {name} is " not in message] == []


def other_value(value: Any) -> Any:
    """Return another value of a var's type that its rule allows."""
    match value:
        case bool():
            return not value
        case int() | float():
            return value * 2 or 1
        case list():
            return [*value, f"NO_{value[0]}"]
        case None:
            return True
    return value


@pytest.mark.slow
def test_no_other_var_is_read_while_dbt_parses(dbt: DbtProject) -> None:
    """The tests of other vars use the manifest of the defaults."""
    given = {
        name: OTHERS.get(name, other_value(value))
        for name, value in defaults().items()
        if name not in PARSED_VARS
    }
    given |= dict.fromkeys(ARE_THERE, True)
    assert [name for name, value in given.items() if value == defaults()[name]] == []
    # As it was kept: each run leaves compiled code in the manifest that it was given.
    kept = DbtProject(dbt.scratch).parse()
    assert what_was_parsed(dbt.parse_anew(given)) == what_was_parsed(kept)


def what_was_parsed(manifest: Manifest) -> Any:
    """Return the manifest without its times and without the vars themselves."""

    def timeless(part: Any) -> Any:
        if isinstance(part, dict):
            return {key: timeless(each) for key, each in part.items() if key != "created_at"}
        return [timeless(each) for each in part] if isinstance(part, list | tuple) else part

    own = ("metadata", "state_check")
    return timeless({key: part for key, part in manifest.to_dict().items() if key not in own})


@pytest.mark.slow
@pytest.mark.parametrize("given", [{"settle_minutes": "abc", "cap_timezone": "UTC+2"}])
def test_they_are_refused_while_dbt_parses(dbt: DbtProject, given: dict[str, Any]) -> None:
    with pytest.raises(Exception, match='settle_minutes is "abc"; it must be a number') as caught:
        dbt.parse_anew(given)
    assert 'cap_timezone is "UTC+2"' in str(caught.value)
