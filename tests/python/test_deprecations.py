"""dbt warns of nothing when it parses, also with the checks that it makes for other databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from dbt.jsonschemas import jsonschemas
from support.dbt_project import DbtProject

ADAPTERS = jsonschemas._JSONSCHEMA_SUPPORTED_ADAPTERS
DEPRECATED = {
    "dbt_project.yml": "{name: old_shop, version: 1.0.0, profile: claim_reconciliation}",
    "models/sale.sql": "select 1 as sale_id",
    "models/_models.yml": "models: [{name: sale, description: One row a sale., owner: anna}]",
}


@pytest.fixture(params=["as_dbt_checks", "with_schema_checks"])
def has_schema_checks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Let dbt check by JSON schema, which it leaves out for PostgreSQL; or leave it as it is."""
    forced = bool(request.param == "with_schema_checks")
    if forced:
        monkeypatch.setattr(jsonschemas, "_JSONSCHEMA_SUPPORTED_ADAPTERS", {*ADAPTERS, "postgres"})
    return forced


@pytest.mark.slow
@pytest.mark.usefixtures("has_schema_checks")
def test_nothing_is_deprecated_or_warned_of(dbt: DbtProject, shop: DbtProject) -> None:
    assert dbt.warnings() == []
    assert shop.warnings() == []


@pytest.mark.slow
def test_a_deprecated_key_is_seen(has_schema_checks: bool, scratch: Path, tmp_path: Path) -> None:
    for name, text in DEPRECATED.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    assert any("owner" in said for said in DbtProject(scratch, tmp_path).warnings()) == (
        has_schema_checks
    )


@pytest.mark.slow
def test_a_stray_tag_is_seen_each_time(scratch: Path, tmp_path: Path) -> None:
    """Also where another test of this process has parsed the same text before."""
    (tmp_path / "macros").mkdir()
    (tmp_path / "dbt_project.yml").write_text(DEPRECATED["dbt_project.yml"])
    (tmp_path / "macros" / "stray.sql").write_text(
        "{% macro stray() %}{% endmacro %}{% endmacro %}"
    )
    for _ in range(2):
        said = DbtProject(scratch, tmp_path).warnings()
        assert any("endmacro" in each for each in said), said
