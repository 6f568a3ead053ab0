"""The demo's second half: three logins repair what was found, beside the live traffic."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import LiteralString

from rich.box import SIMPLE
from rich.table import Table
from rich.text import Text

from sandbox.causes import print_episodes
from sandbox.dbt_build import judge
from sandbox.errors import DemoError
from sandbox.outcome import look_at_outcome, print_outcome
from sandbox.stage import FOLDER, ROOT, RUN_RESULTS, TRAFFIC, Demo, shown
from sandbox.traffic import account_for, stop_traffic
from sandbox.writers import KINDS

MAKER, APPROVER, APPLIER = "mira", "chris", "alex"
# The maker may approve too, so that nothing but the rule of four eyes refuses her own plan.
LOGINS = {
    MAKER: "claim_planner, claim_approver",
    APPROVER: "claim_approver",
    APPLIER: "claim_applier",
}
CLAIMCTL = Path(sys.executable).parent / "claimctl"
OWNER = "postgres"
DONE, CRITICAL, REFUSED = 0, 2, 4
FIRST_WALLETS = 3
ALL_LINES = 100

WHAT_WAS_COMPUTED: LiteralString = (
    "select said from dbt_claim_reconciliation.int_wallet_balances__state"
)


def install_guard(demo: Demo) -> str:
    """Install the guard and create the logins."""
    demo.dbt_or_error("run-operation", "install_guard", log=FOLDER / "install_guard.log")
    with demo.connect() as connection:
        for login, roles in LOGINS.items():
            connection.execute(f"create role {login} login in role {roles}".encode())
    logins = "; ".join(f"{login} is {roles}" for login, roles in LOGINS.items())
    return f"dbt run-operation install_guard: the guard is installed\n  {logins}"


def repair_a_few(demo: Demo) -> str:
    """Repair a few wallets first."""
    limit = ("--limit", str(FIRST_WALLETS))
    demo.first_plan = make_plan(
        demo, "plan", "wallets", "--reason", "wallet drift, a few first", *limit
    )
    plan = str(demo.first_plan)
    claimctl(demo, APPROVER, "approve", plan, "--yes", head=1)
    claimctl(demo, APPLIER, "apply", plan, "--yes", head=1, tail=2)
    claimctl(demo, APPLIER, "verify", plan)
    return f"plan {plan} gave {FIRST_WALLETS} wallets what their users are owed"


def repair_the_rest(demo: Demo) -> str:
    """Repair all the others, what is in excess too."""
    items = ("--include-excess", "streakshield", "--include-excess", "xp_booster")
    plan = str(make_plan(demo, "plan", "wallets", "--reason", "wallet drift", *items))
    claimctl(demo, MAKER, "approve", plan, "--yes", expect=REFUSED, head=1)
    claimctl(demo, APPROVER, "approve", plan, "--yes")
    claimctl(demo, APPLIER, "apply", plan, "--yes", head=1, tail=2)
    claimctl(demo, APPLIER, "verify", plan)
    return f"plan {plan} is applied beside the live traffic, and verified"


def build_again(demo: Demo) -> str:
    """Run dbt build again: nothing may fail now."""
    log = FOLDER / "second_dbt_build.log"
    demo.dbt("build", log=log)
    verdict = judge(RUN_RESULTS)
    if complaint := verdict.complaint():
        raise DemoError(f"{complaint} (see {shown(log)}).")
    with demo.connect() as connection:
        demo.outcome = look_at_outcome(connection)
        row = connection.execute(WHAT_WAS_COMPUTED).fetchone()
    if complaint := demo.outcome.complaint():
        print_outcome(demo.console, demo.comparison, demo.outcome)
        raise DemoError(complaint)
    seconds = verdict.seconds_of_wallets(ROOT)
    return (
        f"dbt build: {verdict}\n  no repaired user is listed any more, settled or not"
        f"\n  {row[0] if row else ''}"
        f"\n  The wallet models took {seconds:.1f} s, {seconds / demo.wallet_seconds:.2f} times as"
        " long as in the first build:\n  with so few claims most of it is dbt's own time;"
        " docs/speed.md has 5 and 50 million."
    )


def roll_back_the_first(demo: Demo) -> str:
    """Roll the first plan back, whose wallets must be wrong again."""
    first = str(demo.first_plan)
    rollback = str(make_plan(demo, "rollback", first, "--reason", "to show the way back"))
    claimctl(demo, APPROVER, "approve", rollback, "--yes", head=1)
    claimctl(demo, APPLIER, "apply", rollback, "--yes", head=1, tail=2)
    demo.dbt_or_error("run", "--select", "int_wallet_balances+", log=FOLDER / "third_dbt_run.log")
    wallets = _print_wrong_wallets(demo)
    if wallets != FIRST_WALLETS:
        raise DemoError(f"{wallets} of the {FIRST_WALLETS} wallets are listed as wrong again.")
    return f"plan {demo.first_plan} is rolled back; its {wallets} wallets are listed as wrong again"


def account_for_traffic(demo: Demo) -> str:
    """Hold the writers' own log against claims and wallets, while they stand still."""
    writers = stop_traffic(TRAFFIC)
    if writers != len(KINDS):
        raise DemoError(f"{len(KINDS) - writers} writers died (see {shown(TRAFFIC)}/*.log).")
    with demo.connect() as connection:
        demo.account = account = account_for(connection, TRAFFIC)
    if account.lost_or_doubled:
        raise DemoError(
            f"of the live traffic {account.lost_claims} claims are lost, for"
            f" {account.unacknowledged_claims} nobody asked, {account.wrong_wallets} wallets wrong."
        )
    demo.start_traffic()
    return (
        f"the writers' own log: {account.acknowledged:,} claims acknowledged, each is there once"
        " and in its wallet\n  (they stood still for this, and go on)"
    )


def sum_up(demo: Demo) -> str:
    """Put it all together."""
    print_outcome(demo.console, demo.comparison, demo.outcome)
    with demo.connect() as connection:
        print_episodes(demo.console, connection)
    account = demo.account
    doubled = account.unacknowledged_claims + account.wrong_wallets
    return (
        f"{sum(repair.repaired for repair in demo.outcome.repairs)} wrong balances were repaired;"
        f" those of plan {demo.first_plan} were rolled back afterwards, for show"
        f"\n  claims of the live traffic: {account.acknowledged:,},"
        f" lost {account.lost_claims}, doubled {doubled}"
    )


def claimctl(
    demo: Demo,
    login: str,
    *arguments: str,
    expect: int | tuple[int, ...] = DONE,
    head: int = ALL_LINES,
    tail: int = 1,
) -> str:
    """Run claimctl as a login, show what was typed and printed, and return the output.

    Of a long output the lines between `head` and `tail` are left out, as long as all is well.
    """
    demo.console.print(Text(f"\n  $ PGUSER={login} claimctl {shlex.join(arguments)}", style="bold"))
    ended = subprocess.run(
        [CLAIMCTL, *arguments],
        env={**os.environ, **demo.environment, "PGUSER": login},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    expected = (expect,) if isinstance(expect, int) else expect
    output = [line for line in (ended.stdout + ended.stderr).splitlines() if line.strip()]
    if len(output) > head + tail + 1 and ended.returncode in expected:
        output[head:-tail] = ["..."]
    if ended.returncode != DONE:
        output.append(f"(exit code {ended.returncode})")
    for line in output:
        demo.console.print(Text(_wrapped(line, demo.console.width), style="dim"))
    if ended.returncode not in expected:
        raise DemoError(
            f"claimctl {arguments[0]} ended with exit code {ended.returncode}, not {expect}."
        )
    return ended.stdout + ended.stderr


def _wrapped(line: str, width: int) -> str:
    """Return a line indented, and broken between words where it is longer than the console."""
    if len(line) + 2 <= width:
        return f"  {line}"
    return textwrap.fill(
        line,
        width,
        initial_indent="  ",
        subsequent_indent="    ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def make_plan(demo: Demo, *arguments: str) -> int:
    """Make a plan as the maker; return its id."""
    made = re.search(r"^Plan (\d+) is made", claimctl(demo, MAKER, *arguments), re.MULTILINE)
    if made is None:
        raise DemoError("claimctl found nothing to plan.")
    return int(made[1])


def _print_wrong_wallets(demo: Demo) -> int:
    """List what the models call wrong in the first plan's wallets; return how many these are."""
    with demo.connect() as connection:
        rows = connection.execute(
            """
            select
                user_id::text,
                item,
                discrepancy_type,
                coalesce(wallet_quantity::text, left(wallet_expires_at::text, 16)),
                coalesce(expected_quantity::text, left(expected_expires_at::text, 16))
            from dbt_claim_reconciliation.fct_wallet_discrepancies
            where user_id in (select user_id from claim_ops.line_states where plan_id = %s)
            order by user_id, item
            """,
            [demo.first_plan],
        ).fetchall()
    table = Table(box=SIMPLE, padding=0)
    for column in ("user", "item", "type", "wallet", "expected"):
        table.add_column(column, no_wrap=True)
    for row in rows:
        table.add_row(*(cell or "nothing" for cell in row))
    demo.console.print(table)
    return len({row[0] for row in rows})
