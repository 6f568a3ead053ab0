"""The table of rules that `make mutants` takes out: each still stands, its tests are there."""

from __future__ import annotations

import pytest
from support.rule_mutants import ROOT, TABLE, rule_mutants


def test_each_rule_still_stands(subtests: pytest.Subtests) -> None:
    table = rule_mutants()
    assert len({mutant.name for mutant in table}) == len(table) >= 15
    for mutant in table:
        with subtests.test(mutant.name):
            assert (ROOT / mutant.file).read_text().count(mutant.old) == 1
            for test in mutant.tests:
                path, _, function = test.partition("::")
                assert f"def {function}(" in (TABLE.parent / path).read_text() or not function
