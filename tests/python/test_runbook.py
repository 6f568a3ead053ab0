"""docs/runbook.md: what it leads to is there, and what leads to it finds its section."""

from __future__ import annotations

import re

import pytest
from support.dbt_project import ROOT, DbtProject
from support.runbook import ROLES, RUNBOOK, anchors, chapters, commands

LOCKED = "flock -w 900 -E 75 /run/lock/claims-build dbt "
# What is no incident of the shop needs no words for support.
SILENT = {
    "Before anything else",
    "From symptom to cause",
    "Whom to tell",
    "An alert",
    "Which test is red",
    "Installing and changing the guard",
}


def test_each_data_test_names_its_section(dbt: DbtProject) -> None:
    singular = [
        node
        for node in dbt.parse().nodes.values()
        if node.resource_type.value == "test"
        and "/generic/" not in node.original_file_path
        and node.original_file_path.endswith(".sql")
    ]
    assert len(singular) >= 25
    for node in singular:
        assert node.config.meta["runbook"] in anchors(), node.name
        # Where it leads to the section of all others, that one knows it.
        if node.config.meta["runbook"] == "which-test-is-red":
            assert f"`{node.name}`" in chapters()["Which test is red"], node.name


def test_each_build_is_given_with_the_lock() -> None:
    """Beside the schedule's own build it would replace its tables."""
    asked_for = re.findall(r".*\bdbt (?:build|run) .*", RUNBOOK)
    assert len(asked_for) >= 8
    for line in asked_for:
        assert line.count(LOCKED) == len(re.findall(r"\bdbt (?:build|run) ", line)), line
    # Named without options, it is the schedule's, or the first of all.
    bare = re.findall(r"(.*)`dbt build`", RUNBOOK)
    assert all(line.endswith(("the scheduled ", "has built | ")) for line in bare), bare
    cron = (ROOT / "docs" / "schedules" / "claims.cron").read_text()
    assert "/run/lock/claims-build" in cron


@pytest.mark.parametrize("title", sorted(chapters().keys() - SILENT))
def test_each_chapter_has_words_for_support(title: str) -> None:
    assert "\nFor support: " in chapters()[title]


def test_each_command_names_a_role_that_the_table_has() -> None:
    table = chapters()["From symptom to cause"]
    for title in chapters():
        for command in commands(title):
            assert command.role in ROLES, command
            assert command.role.split("_")[0] in table, command
