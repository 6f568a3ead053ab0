"""The demo: a claim service drifts, and its wallets are found wrong, repaired and verified."""

from __future__ import annotations

import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import yaml
from rich.console import Console

from sandbox.causes import complaint as complaint_of_causes
from sandbox.causes import find_causes, print_causes
from sandbox.comparison import compare, print_comparison
from sandbox.dbt_build import WALLETS_ARE_WRONG, judge
from sandbox.endpoint import start_endpoint
from sandbox.errors import DemoError
from sandbox.history import IN_FLIGHT, SETTLED_FAULTS, create_history, inject_fault
from sandbox.incident import print_replay, replay
from sandbox.pid_files import stop_processes
from sandbox.repair import (
    CRITICAL,
    OWNER,
    account_for_traffic,
    build_again,
    claimctl,
    install_guard,
    repair_a_few,
    repair_the_rest,
    roll_back_the_first,
    sum_up,
)
from sandbox.server import Server, binaries, is_reachable, stop_server
from sandbox.service import create_tables
from sandbox.stage import (
    ENDPOINT,
    FOLDER,
    REQUESTS_PER_SECOND,
    ROOT,
    RUN_RESULTS,
    TRAFFIC,
    Demo,
    go_through,
    shown,
)
from sandbox.traffic import stop_traffic
from sandbox.writers import KINDS

SERVER_FOLDER_FILE = FOLDER / "server_folder"
WALLETS_A_FAULT = 15
USERS_IN_FLIGHT = 30
TRAFFIC_BEFORE_BUILD_SECONDS = 5


def start_server(demo: Demo) -> str:
    """Start an embedded PostgreSQL."""
    stop_everything()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    folder = _server_folder()
    SERVER_FOLDER_FILE.write_text(str(folder))
    shutil.copy(ROOT / "profiles.example.yml", FOLDER / "profiles.yml")
    demo.server = Server(folder, outlives_us=True).start()
    _write_environment(demo)
    with demo.connect() as connection:
        version = connection.info.server_version // 10_000
    return f"PostgreSQL {version} listens on port {demo.server.port}"


def let_weeks_pass(demo: Demo) -> str:
    """Create the claim service's tables and weeks of claims."""
    with demo.connect() as connection:
        create_tables(connection, _user_id_type())
        create_history(connection, demo.users, _user_id_type())
        claims = connection.execute("select count(*) from purchase_claims").fetchone()
    return f"{demo.users:,} users made {claims[0] if claims else 0:,} claims in twelve weeks"


def inject_faults(demo: Demo) -> str:
    """Do faults to some wallets and keep them in sandbox.injected_faults."""
    with demo.connect() as connection:
        for fault in SETTLED_FAULTS:
            inject_fault(connection, fault, WALLETS_A_FAULT)
        inject_fault(connection, IN_FLIGHT, USERS_IN_FLIGHT)
    return (
        f"{len(SETTLED_FAULTS)} kinds of faults were done to"
        f" {len(SETTLED_FAULTS) * WALLETS_A_FAULT} wallets; {USERS_IN_FLIGHT} users are in flight"
    )


def let_traffic_flow(demo: Demo) -> str:
    """Start the live traffic, and the endpoint that people can ask."""
    demo.start_traffic()
    demo.endpoint = start_endpoint(ENDPOINT, demo.server.dsn())
    time.sleep(TRAFFIC_BEFORE_BUILD_SECONDS)
    claimctl(demo, OWNER, "probe", demo.endpoint)
    return (
        f"{len(KINDS)} writers answer {REQUESTS_PER_SECOND} requests a second\n  {', '.join(KINDS)}"
    )


def build_models(demo: Demo) -> str:
    """Run dbt build beside the traffic."""
    log = FOLDER / "dbt_build.log"
    demo.dbt("build", log=log)
    verdict = judge(RUN_RESULTS)
    if complaint := verdict.complaint(WALLETS_ARE_WRONG):
        raise DemoError(f"{complaint} (see {shown(log)}).")
    demo.wallet_seconds = verdict.seconds_of_wallets(ROOT)
    return f"dbt build: {verdict}"


def compare_with_truth(demo: Demo) -> str:
    """Compare what was injected with what was found."""
    with demo.connect() as connection:
        demo.comparison = compare(connection)
        causes = find_causes(connection)
    print_comparison(demo.console, demo.comparison)
    print_causes(demo.console, causes)
    if complaint := demo.comparison.complaint() or complaint_of_causes(causes):
        raise DemoError(complaint)
    named = sum(each.is_named for each in causes)
    return (
        f"each fault was found, and nothing else; {named} of {len(causes)} causes are named right"
    )


def replay_incident(demo: Demo) -> str:
    """Replay an incident that was over two hours ago, and show what fires now."""
    with demo.connect() as connection:
        incident = replay(connection)
    if complaint := incident.complaint():
        raise DemoError(complaint)
    print_replay(demo.console, incident)
    claimctl(demo, OWNER, "alerts", expect=CRITICAL, head=4)
    return f"{incident}\n  now the wrong wallets are the alert that fires"


STEPS: tuple[Callable[[Demo], str], ...] = (
    start_server,
    let_weeks_pass,
    inject_faults,
    let_traffic_flow,
    build_models,
    compare_with_truth,
    replay_incident,
    install_guard,
    repair_a_few,
    repair_the_rest,
    build_again,
    roll_back_the_first,
    account_for_traffic,
    sum_up,
)


def run() -> int:
    """Go through the steps and leave server and traffic running; return the exit code."""
    console = Console(highlight=False, soft_wrap=True)
    demo = Demo(console, console.status(""))
    if not go_through(demo, STEPS):
        return 1
    _say_how_to_go_on(demo)
    return 0


def stop() -> int:
    """End server and traffic; return the exit code."""
    stopped = stop_everything()
    print("The demo has ended." if stopped else "No demo is running.")
    return 0


def stop_everything() -> bool:
    """End server, endpoint and traffic of an earlier run; return whether there was any."""
    writers = stop_traffic(TRAFFIC) + stop_processes([ENDPOINT])
    if not SERVER_FOLDER_FILE.exists():
        return writers > 0
    folder = Path(SERVER_FOLDER_FILE.read_text())
    was_running = stop_server(folder)
    shutil.rmtree(folder, ignore_errors=True)
    SERVER_FOLDER_FILE.unlink()
    return was_running or writers > 0


def _server_folder() -> Path:
    """Return a folder that the server's user may reach: as root it is another user than we are."""
    if is_reachable(FOLDER):
        return FOLDER / "server"
    return Path(tempfile.mkdtemp(prefix="claim_reconciliation_demo_"))


def _user_id_type() -> str:
    """Return the type that the project's vars give a user's id."""
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text())
    return str(project["vars"]["claim_reconciliation"]["user_id_data_type"])


def _write_environment(demo: Demo) -> None:
    programs = f"{Path(sys.executable).parent}:{binaries()}"
    lines = [f"export {name}={shlex.quote(value)}" for name, value in demo.environment.items()]
    lines.append(f'export PATH={shlex.quote(programs)}:"$PATH"')
    (FOLDER / "environment").write_text("\n".join(lines) + "\n")


def _say_how_to_go_on(demo: Demo) -> None:
    with demo.connect() as connection:
        row = connection.execute(
            "select user_id from sandbox.injected_faults where fault = %s order by user_id limit 1",
            [SETTLED_FAULTS[0]],
        ).fetchone()
    assert row is not None
    commands = {
        f". {shown(FOLDER / 'environment')}": "lead psql, dbt and claimctl to the demo",
        'psql -c "table dbt_claim_reconciliation.rpt_wallet_balance_health"': "the picture by item",
        'psql -c "table dbt_claim_reconciliation.fct_wallet_discrepancies"': "each wrong balance",
        "claimctl doctor": "is the database fit for use?",
        f"claimctl explain {row[0]}": "one user who had lost a shield",
        "claimctl alerts": "what fires, and what to do",
        f"claimctl probe {demo.endpoint}": "is the service up?",
        "claimctl plans": "the plans; claimctl show 2 shows one",
        "dbt build": "look again; the traffic ends by itself after an hour",
        "make stop": "end server and traffic",
    }
    demo.console.print("\nServer and traffic keep running. To look around:")
    for command, purpose in commands.items():
        demo.console.print(f"  [bold]{command}[/]  [dim]# {purpose}[/]")
