"""`claimctl` at a terminal: it asks, shows a bar, and Ctrl-C leaves a clean state."""

from __future__ import annotations

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from support.appliers import CLAIMCTL, SCRIPTS, finish, start_applier
from support.guard import BOOSTER, RUNNER, SHIELD, Guard

WALLETS = 400
# The first batch has 100 lines.
AFTER_FIRST_BATCH = (
    "(select count(*) from public.user_wallet_balances where streakshield_count = 2) >= 100"
)


@pytest.fixture
def plan(guard: Guard) -> int:
    """An approved plan that gives each of many users a shield."""
    guard.add_short_wallets(WALLETS)
    return guard.approve(guard.plan())


class Terminal:
    """A process at a terminal of its own."""

    def __init__(self, guard: Guard, *arguments: str) -> None:
        self.screen, end = pty.openpty()
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-c", CLAIMCTL, *arguments),
                *("--dsn", guard.server.dsn(guard.name, RUNNER)),
            ],
            stdin=end,
            stdout=end,
            stderr=end,
            env={**os.environ, "PYTHONPATH": str(SCRIPTS), "TERM": "xterm", "COLUMNS": "120"},
            start_new_session=True,
        )
        os.close(end)
        self.shown = ""

    def read_until(self, text: str) -> None:
        """Read what is shown until a text appears."""
        while text not in self.shown:
            self.shown += os.read(self.screen, 10_000).decode()

    def type(self, text: str) -> None:
        """Type a text."""
        os.write(self.screen, text.encode())

    def wait(self) -> int:
        """Read to the end and return the exit code."""
        try:
            while part := os.read(self.screen, 10_000):
                self.shown += part.decode()
        except OSError:
            # Linux says so when nobody has the other end open any more.
            pass
        return self.process.wait(timeout=60)


@contextmanager
def terminal(guard: Guard, *arguments: str) -> Iterator[Terminal]:
    """Run a command at a terminal."""
    running = Terminal(guard, *arguments)
    try:
        yield running
    finally:
        running.process.kill()
        running.process.wait()
        os.close(running.screen)


def let_it_arrive() -> None:
    """Give a process time for its signal; nothing that we could look at tells that it has it."""
    time.sleep(0.3)


def test_it_asks_and_shows_a_bar(guard: Guard, plan: int) -> None:
    with terminal(guard, "apply", str(plan)) as shell:
        shell.read_until(f"Apply plan {plan} to {WALLETS} wallets? [y/N]: ")
        assert "streakshield" in shell.shown
        assert f"+{WALLETS}" in shell.shown
        assert guard.state(plan) == "approved"
        shell.type("y\n")
        assert shell.wait() == 0
    assert f"{WALLETS}/{WALLETS}" in shell.shown
    assert "wallets/s" in shell.shown
    assert f"Plan {plan}: {WALLETS} applied, 0 skipped." in shell.shown


def test_a_no_changes_nothing(guard: Guard, plan: int) -> None:
    with terminal(guard, "apply", str(plan)) as shell:
        shell.read_until("[y/N]: ")
        shell.type("\n")
        assert shell.wait() == 1
    assert shell.shown.endswith("Aborted!\r\n")
    assert guard.state(plan) == "approved"


def test_the_switch_at_once_asks_once(guard: Guard) -> None:
    """A no switches nothing; one yes switches, without another login."""
    command = ("plan", "kill-switch", "--off", "--all", "--now", "--reason", "every claim fails")
    before = guard.rows("table store_config")
    guard.execute(f"grant claim_planner to {RUNNER}")
    try:
        with terminal(guard, *command) as shell:
            shell.read_until("Write the switch now, without an approval? [y/N]: ")
            shell.type("\n")
            assert shell.wait() == 1
        assert guard.rows("table store_config") == before
        assert guard.rows("table claim_ops.plans") == []
        with terminal(guard, *command) as shell:
            shell.read_until("Write the switch now, without an approval? [y/N]: ")
            assert guard.rows("table store_config") == before
            shell.type("y\n")
            assert shell.wait() == 0
    finally:
        guard.execute(f"revoke claim_planner from {RUNNER}")
    assert "Applied WITHOUT AN APPROVAL." in shell.shown
    assert guard.value("select value from store_config") == {SHIELD: False, BOOSTER: False}


def test_ctrl_c_at_a_terminal(guard: Guard, plan: int) -> None:
    with (
        guard.gate("apply_batch", when=AFTER_FIRST_BATCH) as gate,
        terminal(guard, "apply", str(plan), "--yes") as shell,
    ):
        gate.wait_until_reached()
        shell.process.send_signal(signal.SIGINT)
        let_it_arrive()
        gate.open()
        assert shell.wait() == 1
    assert f"100/{WALLETS}" in shell.shown
    assert "Traceback" not in shell.shown


@pytest.mark.parametrize("when", ["true", AFTER_FIRST_BATCH], ids=["first batch", "later batch"])
def test_ctrl_c_ends_the_batch_and_says_how_to_go_on(guard: Guard, plan: int, when: str) -> None:
    with guard.gate("apply_batch", when=when) as gate:
        applier = start_applier(guard, plan)
        gate.wait_until_reached()
        applier.send_signal(signal.SIGINT)
        let_it_arrive()
        gate.open()
        output, _ = applier.communicate(timeout=60)
    assert applier.returncode == 1
    assert output.endswith(
        "claimctl: Stopped between two batches, nothing half done. To go on:\n"
        f"  claimctl apply {plan}\n"
    )
    assert "Traceback" not in output
    assert guard.state(plan) == "applying"
    decided = [state for state in guard.lines(plan).values() if state != "pending"]
    assert set(decided) == {"applied"}
    assert len(decided) < WALLETS
    assert guard.value(
        "select count(*) from user_wallet_balances where streakshield_count = 2"
    ) == (len(decided))
    assert guard.rows("select * from claim_ops.check_journal()") == []

    assert finish(start_applier(guard, plan)) == 0
    assert guard.rows("select distinct streakshield_count from user_wallet_balances") == [(2,)]


def test_nothing_but_the_outcome_where_there_is_no_terminal(guard: Guard, plan: int) -> None:
    applier = start_applier(guard, plan)
    output, _ = applier.communicate(timeout=60)
    assert applier.returncode == 0
    assert "\x1b" not in output
    assert "wallets/s" not in output
    assert output.endswith(
        f"Plan {plan}: {WALLETS} applied, 0 skipped.\nNext:\n  claimctl verify {plan}\n"
    )
