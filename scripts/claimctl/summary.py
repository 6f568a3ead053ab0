"""What a plan changes, printed for people before they say yes and after."""

from __future__ import annotations

from typing import Any

import click

from claimctl.errors import WrongUsageError
from claimctl.output import print_rows, say, utc
from claimctl.text import printable, printable_lines

# Of a list of users; --json has them all.
SHOWN_USERS = 5


def print_plan(plan: dict[str, Any]) -> None:
    """Print a plan's header, its changes by item and the outcome of its lines."""
    state = "expired" if plan["is_past_its_time"] else plan["state"]
    say(f"Plan {plan['plan_id']} ({plan['kind']}) is {state}. Times are in UTC.")
    say(f"  reason    {printable(plan['reason'])}")
    say(f"  made      {utc(plan['made_at'])} by {printable(plan['made_by'])}")
    if plan["approved_by"]:
        alone = ", single operator" if plan["is_single_operator"] else ""
        say(f"  approved  {utc(plan['approved_at'])} by {printable(plan['approved_by'])}{alone}")
        if plan["approval_note"]:
            say(f"            {printable(plan['approval_note'])}")
    if plan["broke_glass_by"]:
        say(f"  applied   {utc(plan['broke_glass_at'])} by {printable(plan['broke_glass_by'])}")
        say(f"            without an approval: {printable(plan['broke_glass_reason'])}")
    say(f"  expires   {utc(plan['expires_at'])}")
    if plan["reverses"]:
        say(f"  reverses  plan {plan['reverses']}")
    say(f"  digest    {plan['digest']}")
    for name, value in plan["limits"].items():
        if value not in ([], {}, None) and name not in ("warning", "proposals"):
            say(f"  {name:<9} {_plain(value)}")
    print_changes(plan)
    say(
        f"\nLines: {plan['lines']}; applied {plan['applied']}, skipped {plan['skipped']}, "
        f"pending {plan['pending']}."
    )
    if plan["applied"] and not plan["switch"]:
        say(
            f"  The models call a wallet in flight for {plan['settle_minutes']} minutes after "
            "the guard's own write; the guard can plan it again at once."
        )
    for reason, lines in plan["reasons"].items():
        say(f"  skipped as {reason}: {lines}")
    if plan["verified_at"]:
        wrong = plan["verification"]["wrong"]
        say(f"Verified at {utc(plan['verified_at'])}: {wrong} wrong.")


def print_changes(plan: dict[str, Any]) -> None:
    """Print what a plan changes: the switch, or wallets and purchases; its breakers; warnings."""
    if plan["switch"]:
        _print_switch(plan)
    else:
        _print_wallets(plan)
    if plan["causes"]:
        _print_causes(plan)
    if plan["proposals"]:
        _print_proposals(plan)
    if plan["purchases"] or plan["left_out"]:
        _print_purchases(plan)
    if plan["booster_hours"]:
        _print_booster_hours(plan)
    if plan["balances_left_out"]:
        _print_balances_left_out(plan)
    raised = plan["limits"].get("raise") or {}
    for breaker, figure in plan["breakers"].items():
        note = ", RAISED by the maker" if breaker in raised else ""
        say(f"  {breaker}: {figure} of at most {plan['breaker_limits'][breaker]}{note}")
    if plan["breakers"] and plan["counted_plans"]:
        others = ", ".join(f"{each['plan_id']} ({each['state']})" for each in plan["counted_plans"])
        say(f"    As of when it was made; other plans of the 24 hours before count too: {others}.")
    for warning in plan["warnings"]:
        say(f"  WARNING: {warning}")
    if plan["suspected_spends"]:
        say(f"  {plan['suspected_spends']} lines look like a spend: look before you give.")
    if plan["unexplained_excess"]:
        say(
            f"  {plan['unexplained_excess']} lines take an excess that no retry, restored backup "
            "or purchase explains: look for grants first."
        )


def switched(value: Any) -> str:
    """Return what the switch says of a SKU, in words."""
    words = {True: "on", False: "off", None: "not named"}
    return words[value] if value is None or isinstance(value, bool) else printable(value)


def _print_switch(plan: dict[str, Any]) -> None:
    rows = ((row["sku"], switched(row["before"]), switched(row["after"])) for row in plan["switch"])
    print_rows("The switch", ("sku", "before", "after"), rows)


def _print_purchases(plan: dict[str, Any]) -> None:
    """Print the purchases that are claimed, with their revenue, and those left out and why."""
    claimed = [
        (
            "claims taken back" if row["is_taken_back"] else "claims",
            *(row["sku"], row["purchases"], _money(row["revenue"]), _remarks(row)),
        )
        for row in plan["purchases"]
    ]
    left_out = [
        ("left out", row["reason"], row["purchases"], _money(row["revenue"]), "")
        for row in plan["left_out"]
    ]
    columns = ("", "sku or reason", "purchases", "revenue", "of these")
    print_rows("Purchases", columns, [*claimed, *left_out])


def _print_booster_hours(plan: dict[str, Any]) -> None:
    """Say what claiming at the time of purchase costs, or saves."""
    hours = plan["booster_hours"]
    paid, given, at_purchase = hours["paid"], hours["given"], hours["given_at_purchase"]
    lost = f"{round(paid - at_purchase, 1):,}"
    if plan["limits"].get("claimed_at") == "now":
        say(f"  Boosters: {given:,} of {paid:,} paid hours are given, from now on.")
        say(f"    With --claimed-at purchase {at_purchase:,} would be, and {lost} lost.")
    else:
        say(f"  Boosters: {given:,} of {paid:,} paid hours are given; {lost} are over by now.")
        say(f"    With --claimed-at now {paid:,} would be, and none lost.")


def _print_causes(plan: dict[str, Any]) -> None:
    print_rows(
        "By probable cause, as the models named it",
        ("cause", "item", "wallets"),
        ((row["cause"], row["item"], row["wallets"]) for row in plan["causes"]),
    )


def _print_proposals(plan: dict[str, Any]) -> None:
    """Print what became of the keys that somebody proposed; only those planned are in the plan."""
    print_rows(
        f"Proposals of {printable(plan['limits']['proposals']['source'])}",
        ("outcome", "proposals", "the first", "item"),
        (
            (row["outcome"], row["proposals"], row["first_user_id"], row["first_item"])
            for row in plan["proposals"]
        ),
        wraps=("the first", "item"),
    )


def _print_balances_left_out(plan: dict[str, Any]) -> None:
    """Print what is wrong and left alone, and when to come back for users in flight."""
    print_rows(
        "Wrong, and left out",
        ("reason", "users", "balances", "come back"),
        (
            (row["reason"], row["users"], row["balances"], _come_back(row))
            for row in plan["balances_left_out"]
        ),
    )


def _come_back(row: dict[str, Any]) -> str:
    first, last = utc(row["first_settles_at"])[:16], utc(row["last_settles_at"])[:16]
    if not last:
        return ""
    return f"after {last}" if first == last else f"after {first}, for all of them after {last}"


def _remarks(row: dict[str, Any]) -> str:
    remarks = {"over cap": row["over_cap"], "not in the audit trail": row["unaudited"]}
    return ", ".join(f"{count} {remark}" for remark, count in remarks.items() if count)


def _money(revenue: float | None) -> str:
    return "" if revenue is None else f"{revenue:,.2f}"


def _print_wallets(plan: dict[str, Any]) -> None:
    print_rows(
        f"{plan['lines']} wallets ({plan['wallets_created']} created, "
        f"{plan['wallets_deleted']} deleted)",
        ("item", "wallets", "net quantity", "lengthened", "shortened"),
        (
            (
                item["item"],
                item["wallets"],
                _signed(item["net_quantity"]),
                item["lengthened"] or "",
                item["shortened"] or "",
            )
            for item in plan["items"]
        ),
    )
    for item in plan["items"]:
        for change in ("lengthened", "shortened"):
            least, median, most = item[f"{change}_hours"]
            if least is not None:
                hours = f"{least:,} to {most:,} hours, median {median:,}"
                say(f"  {printable(item['item'])}: {change} by {hours}.")


def confirm(question: str, yes: bool, first: str, *commands: str) -> None:
    """Ask on a terminal; without one, --yes has to say it, after what should be done first."""
    if yes:
        return
    if not click.get_text_stream("stdin").isatty():
        end = ":" if commands else "."
        raise WrongUsageError(
            f"There is no terminal to confirm on: {first}, then pass --yes{end}", *commands
        )
    click.confirm(printable_lines(question), abort=True, err=True)


def _signed(quantity: int | None) -> str:
    return "" if quantity is None else f"{quantity:+}"


def _plain(value: Any) -> str:
    if isinstance(value, list):
        shown = ", ".join(map(printable, value[:SHOWN_USERS]))
        return shown if len(value) <= SHOWN_USERS else f"{shown} … ({len(value)})"
    if isinstance(value, dict):
        return ", ".join(f"{name}={printable(figure)}" for name, figure in value.items())
    return printable(value)
