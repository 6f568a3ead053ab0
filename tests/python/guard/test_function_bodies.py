"""The functions' bodies, which no linter of models sees: SQL by sqlfluff, plpgsql by itself."""

from __future__ import annotations

import re
import textwrap

import pytest
import sqlfluff
from support.guard import Guard
from support.guard_templates import NOTHING_TO_SETTLE, Guards

# Functions are laid out more closely than models; the parser, case and spacing are theirs too.
RULES = ["capitalisation", "LT01", "LT04", "LT05", "LT06", "LT12", "LT13", "AL05", "CV", "ST03"]
BODY = re.compile(
    r"create function claim_ops\.(\w+)\([^$]*?\nlanguage sql\n[^$]*\$function\$\n(.*?)\$function\$",
    re.DOTALL,
)


@pytest.fixture(scope="module")
def bodies(guards: Guards) -> dict[str, str]:
    """The bodies of the functions that are plain SQL, by their names."""
    guards.with_models()
    found = BODY.findall(guards.script(NOTHING_TO_SETTLE))
    return {name: textwrap.dedent(body) for name, body in found}


def findings(body: str) -> list[str]:
    found = sqlfluff.lint(body, dialect="postgres", rules=RULES, config_path=".sqlfluff")
    return [f"{each['code']} {each['description']}" for each in found]


def test_sql_functions_are_clean(bodies: dict[str, str], subtests: pytest.Subtests) -> None:
    assert "_chunk_digest" in bodies
    assert "check_journal" in bodies
    for name, body in bodies.items():
        with subtests.test(name):
            assert findings(body) == []


@pytest.mark.parametrize(
    ("right", "wrong", "code"),
    [("select", "SELECT", "CP01"), ("select", "selec", "PRS"), ("= p_", "=p_", "LT01")],
)
def test_a_fault_in_a_function_is_found(
    bodies: dict[str, str], right: str, wrong: str, code: str
) -> None:
    body = bodies["_chunk_digest"].replace(right, wrong, 1)
    assert [finding.split()[0] for finding in findings(body)] == [code]


def test_no_variable_hides_another(guards: Guards) -> None:
    guard: Guard = guards.with_models()
    guard.execute(
        f"""
        begin;
        set local plpgsql.extra_errors = 'shadowed_variables, strict_multi_assignment';
        {guards.script(NOTHING_TO_SETTLE)}
        commit;
        """
    )
