"""`claimctl explain USER`: everything that is known about one user's purchases and wallet."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from claimctl.errors import ClaimctlError
from claimctl.options import NOT_BLANK, Command, Options, global_options
from claimctl.output import say

if TYPE_CHECKING:
    from claimctl.config import Project
    from claimctl.database import Database

# Models that a build may not have yet, and the part of the document that each one gives.
PARTS = {
    "fct_purchase_discrepancies": "discrepancies",
    "int_current_cap_windows": "caps",
    "fct_discrepancy_history": "episodes",
}


@click.command(cls=Command)
@click.argument("user", type=NOT_BLANK)
@global_options
@click.pass_obj
def explain(options: Options, user: str) -> None:
    """Show one user: claims, purchases, caps, wallet, since when it is wrong and why, and plans.

    The models say what is expected or recoverable; the rest is read live. Times are in UTC.
    It changes nothing. If the guard is installed, it needs no dbt project.

    Exit code 0: shown, 1: there is no such user, 2: wrong usage, 3: no connection or no models,
    4: this login may not look.

    \b
    Example:
      claimctl explain 5b1f6f0e-8f0c-4a53-9d0a-2f3f2f1f9c11
    """
    from claimctl.config import Project, find_project, load_project
    from claimctl.database import reading, run_sql
    from claimctl.guard import INSTALL, is_installed, recorded, refuse_stranger
    from claimctl.output import print_json

    project = find_project(options)
    with reading(options) as connection:
        has_guard = is_installed(connection)
        if not has_guard and project is None:
            refuse_stranger(connection)
        if has_guard:
            project = Project(recorded(connection), [])
            options.models_schema = options.models_schema or project.settings["models_schema"]
        explanation = look_up(connection, options, project or load_project(options), user)
        known = str(explanation["user_id"])
        explanation["plans"] = plans_of(connection, known) if has_guard else []
        explanation["unclaimed"] = (
            run_sql(connection, "explain/unclaimed.sql", {"user_id": known}) if has_guard else []
        )
        found = {row["discrepancy_type"] for row in explanation["discrepancies"]}
        if "missing_claim" in found and not has_guard:
            explanation["hints"].append(
                "Only the guard can say which window of a cap refuses a purchase without a claim, "
                f"and what a plan would do with it: {INSTALL}"
            )
    if options.as_json:
        print_json(explanation)
    else:
        _print_explanation(explanation)


def look_up(connection: Database, options: Options, project: Project, user: str) -> dict[str, Any]:
    """Return the document about a user that one statement makes at one snapshot."""
    from psycopg.sql import SQL, Identifier

    from claimctl.database import run_sql
    from claimctl.models import require_models
    from claimctl.user_ids import as_user_id

    models = require_models(connection, options)
    catalogue = {"models": models, "name": project.settings["sku_catalog_model"]}
    places = run_sql(connection, "explain/sku_catalog.sql", catalogue)
    if not places:
        raise ClaimctlError(
            f"The catalogue {catalogue['name']} is in no schema: correct the var "
            "sku_catalog_model, or load it:",
            "dbt seed",
        )
    user_id_type, _ = as_user_id(connection, project.settings["user_id_data_type"], user)
    names = {
        "models": Identifier(models),
        "sku_catalog": Identifier(places[0]["schema_name"], places[0]["table_name"]),
        "user_id_type": SQL(user_id_type),
    }
    explanation: dict[str, Any] = run_sql(connection, "explain/user.sql", {"user_id": user}, names)[
        0
    ]["explanation"]
    explanation["cap_zone"] = project.settings["cap_timezone"]
    if not explanation["is_known"]:
        raise ClaimctlError(f"There is no user {user}: no claim, purchase or wallet names it.")
    built = run_sql(connection, "explain/built.sql", {"models": models, "names": list(PARTS)})
    for model, part in PARTS.items():
        if {"name": model} in built:
            rows = run_sql(connection, f"explain/{part}.sql", {"user_id": user}, names)
            explanation[part] = rows
        else:
            explanation[part] = []
            explanation["hints"].append(f"There is no {model}: run dbt build.")
    return explanation


def plans_of(connection: Database, user: str) -> list[dict[str, Any]]:
    """Return the plans that have a line for a user; the guard is installed and readable."""
    from psycopg.sql import SQL

    from claimctl.database import run_sql
    from claimctl.guard import recorded
    from claimctl.user_ids import as_user_id

    name, user_id = as_user_id(connection, recorded(connection)["user_id_data_type"], user)
    return run_sql(
        connection, "guard/plans_of_user.sql", {"user_id": user_id}, {"user_id_type": SQL(name)}
    )


def _print_explanation(explanation: dict[str, Any]) -> None:
    """Print the document section by section."""
    from claimctl.output import print_rows, utc
    from claimctl.text import printable

    say(f"User {printable(explanation['user_id'])}. Times are in UTC.")
    found: dict[str, str] = {}
    for row in explanation["discrepancies"]:
        words = " ".join(filter(None, (row["discrepancy_type"], row["reason"] or "recoverable")))
        found[row["tx_id"]] = ", ".join(filter(None, (found.get(row["tx_id"]), words)))
    print_rows(
        "Claims and purchases",
        ("tx_id", "sku", "quantity", "claimed_at", "purchase", "purchased_at", "finding"),
        (
            (
                row["tx_id"],
                row["sku"],
                _granted(row["quantity"], row["item"]),
                utc(row["claimed_at"]) or "not claimed",
                row["purchase_statuses"] or "no purchase known",
                utc(row["purchased_at"]),
                found.get(row["tx_id"], ""),
            )
            for row in explanation["ledger"]
        ),
    )
    if explanation["caps"]:
        print_rows(
            f"Caps now, by the clocks of {printable(explanation['cap_zone'])}",
            ("sku", "window", "since", "claims", "cap"),
            (
                (
                    row["sku"],
                    row["window_type"],
                    utc(row["window_start"]),
                    row["claims"],
                    row["cap"],
                )
                for row in explanation["caps"]
            ),
        )
    _print_unclaimed(explanation)
    if explanation["adjustments"]:
        print_rows(
            "Adjustments",
            ("adjustment_id", "item", "quantity", "adjusted_at"),
            (
                (row["adjustment_id"], row["item"], row["quantity"], utc(row["adjusted_at"]))
                for row in explanation["adjustments"]
            ),
        )
    print_rows(
        _wallet_title(explanation),
        ("item", "wallet now", "expected", "found by the models", "state"),
        (
            (
                row["item"],
                _held(row["wallet_quantity"], row["wallet_expires_at"], explanation["has_wallet"]),
                _held(row["expected_quantity"], row["expected_expires_at"], True),
                row["discrepancy_type"] or "right",
                "settled" if row["is_settled"] else "in flight",
            )
            for row in explanation["balances"]
        ),
    )
    if explanation["episodes"]:
        _print_episodes(explanation["episodes"])
    if explanation["plans"]:
        print_rows(
            "Plans that touched this wallet",
            ("plan_id", "kind", "plan", "line", "before", "after", "decided_at"),
            (
                (
                    row["plan_id"],
                    row["kind"],
                    row["plan_state"],
                    row["skipped_because"] or row["state"],
                    _wallet(row["before"]),
                    _wallet(row["after"]),
                    utc(row["decided_at"]),
                )
                for row in explanation["plans"]
            ),
        )
    if explanation["hints"]:
        say()
    for hint in explanation["hints"]:
        say(printable(hint))


def _print_unclaimed(explanation: dict[str, Any]) -> None:
    """Print what a plan would make of a purchase without a claim, and which window refuses it."""
    from claimctl.output import print_rows, utc

    if not explanation["unclaimed"]:
        return
    zones = {row["user_zone"] for row in explanation["unclaimed"]} - {None}
    clocks = f", the user's clocks are those of {', '.join(zones)}" if zones else ""
    print_rows(
        "Without a claim, and what plan recovery or plan override would do. Caps go by the "
        f"clocks of {explanation['cap_zone']}{clocks}.",
        ("tx_id", "--claimed-at", "verdict", "gives", "window", "used", "by the user's clocks"),
        (
            (
                row["tx_id"],
                row["claimed_at"],
                row["verdict"],
                _hours(row),
                _since(row["window_type"], utc(row["window_start"])),
                _used(row["used"], row["cap"]),
                _since(_used(row["user_used"], row["cap"]), utc(row["user_window_start"])),
            )
            for row in explanation["unclaimed"]
        ),
    )


def _hours(row: dict[str, Any]) -> str:
    if row["hours_paid"] is None:
        return "all of it"
    return f"{float(row['hours_given']):g} of {float(row['hours_paid']):g} hours"


def _used(used: int | None, cap: int | None) -> str:
    return "no cap" if cap is None else f"{used} of {cap}"


def _since(what: str | None, start: str) -> str:
    return f"{what} since {start}" if what and start else ""


def _print_episodes(episodes: list[dict[str, Any]]) -> None:
    """Print since when balances were wrong and how it ended, and what shows why."""
    from claimctl.output import print_rows, utc
    from claimctl.text import printable

    print_rows(
        "Wrong since, as builds found it",
        ("item", "type", "first found", "size", "probable cause", "ended"),
        (
            (
                row["item"],
                row["discrepancy_type"],
                utc(row["first_found_at"]),
                _size(row["last_quantity"], row["last_seconds"]),
                row["probable_cause"],
                _end(row),
            )
            for row in episodes
        ),
    )
    for row in episodes:
        if row["cause_evidence"]:
            say(f"  {printable(row['item'])}: {printable(row['cause_evidence'])}")


def _size(quantity: int | None, seconds: float | None) -> str:
    if quantity is not None:
        return f"{quantity:+}"
    return "" if seconds is None else f"{seconds / 3600:+,.1f} h"


def _end(row: dict[str, Any]) -> str:
    from claimctl.output import utc

    if row["ended_at"] is None:
        return "still wrong"
    plan = "" if row["plan_id"] is None else f" (plan {row['plan_id']})"
    return f"{row['how_it_ended']}{plan} {utc(row['ended_at'])}"


def _wallet_title(explanation: dict[str, Any]) -> str:
    from claimctl.output import utc

    state = "missing"
    if explanation["has_wallet"]:
        state = f"changed at {utc(explanation['wallet_updated_at']) or 'an unknown time'}"
    return f"Wallet ({state}; models built at {utc(explanation['built_at'])})"


def _wallet(balances: dict[str, Any] | None) -> str:
    return "no wallet" if balances is None else json.dumps(balances, ensure_ascii=False)


def _granted(quantity: int | None, item: str | None) -> str:
    return "nothing" if item is None else f"{quantity} {item}"


def _held(quantity: int | None, expires_at: str | None, exists: bool) -> str:
    from claimctl.output import utc

    if not exists:
        return "no wallet"
    if expires_at is not None:
        return f"until {utc(expires_at)}"
    return "nothing" if quantity is None else str(quantity)
