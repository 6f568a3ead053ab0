"""`claimctl watch`: what a frame shows, and a terminal that is left as it was."""

from __future__ import annotations

import signal

import pytest
from guard.test_claimctl_terminal import terminal
from support.alerts import put_alerts_in_place, set_alert
from support.claimctl import claimctl, on
from support.guard import RUNNER, Guard

ENTERS, LEAVES, SHOWS_CURSOR = "\x1b[?1049h", "\x1b[?1049l", "\x1b[?25h"
REQUESTS = """
insert into function_metrics ("timestamp", function_name, status_code, duration_ms)
select
    now() - (n - 0.5) * interval '3 minutes', 'claim', case when n = 3 then 500 else 200 end, 40 + n
from generate_series(1, 30) as n
"""


@pytest.fixture
def watched(guard: Guard) -> Guard:
    """A firing alert, requests of 90 minutes, and a plan of which one line of three is applied."""
    put_alerts_in_place(guard)
    set_alert(guard, "error_rate", "firing", level=1)
    guard.add_short_wallets(3)
    plan = guard.approve(guard.plan())
    guard.begin(plan)
    assert guard.batch(plan, limit=1)
    guard.execute(REQUESTS)
    return guard


def test_a_frame(watched: Guard) -> None:
    answer = claimctl("watch", "--once", *on(watched, user=RUNNER))
    assert answer.exit_code == 0, answer.stderr
    lines = [" ".join(line.split()) for line in answer.stdout.splitlines()]
    assert lines[0].startswith("CRITICAL models of ")
    assert "Alerts: 3 ok, 1 not" in lines
    assert any(line.startswith("firing critical error_rate 20") for line in lines)
    assert "Requests of the last hour: 20, of these errors: 1" in lines
    assert "streakshield short 3 settled" in lines
    assert any(line.startswith("1 wallet_correction 1 3 0 ") for line in lines), lines
    assert max(map(len, answer.stdout.splitlines())) <= 80


def test_the_rate_and_the_rest_of_an_apply(watched: Guard) -> None:
    (apply,) = claimctl("watch", "--json", *on(watched, user=RUNNER)).document["applies"]
    assert (apply["decided"], apply["pending"]) == (1, 2)
    # One line within the last ten seconds: two more take twenty.
    assert (apply["lines_a_second"], apply["seconds_left"]) in ((0.1, 20), (0, None))


def test_nothing_to_show(guard: Guard) -> None:
    answer = claimctl("watch", "--once", *on(guard))
    assert answer.exit_code == 0
    assert "No balance is wrong." in answer.stdout
    assert "No plan is being applied." in answer.stdout


def test_without_a_terminal_it_says_what_to_run(guard: Guard) -> None:
    answer = claimctl("watch", *on(guard))
    assert answer.exit_code == 2
    assert answer.sentence == (
        "A live view needs a terminal. For one frame, or from a script: claimctl watch --once"
    )


def test_the_terminal_is_left_as_it_was(watched: Guard) -> None:
    with terminal(watched, "watch", "--seconds", "0.2") as shell:
        shell.read_until("wallet_correction")
        before, shell.shown = shell.shown, ""
        # The next frame stands in the place of the first one.
        shell.read_until("Requests of the last hour")
        shell.process.send_signal(signal.SIGINT)
        assert shell.wait() == 0
    assert before.count(ENTERS) == 1
    assert shell.shown.count(LEAVES) == 1
    assert shell.shown.rindex(SHOWS_CURSOR) > shell.shown.rindex("Requests of the last hour")
    assert "Traceback" not in shell.shown
