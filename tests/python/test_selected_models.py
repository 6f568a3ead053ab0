"""Whatever is selected: when a run ends, every view reads the new data, ours and theirs."""

from __future__ import annotations

import pytest
from support.databases import MODELS_SCHEMA, Database
from support.dbt_project import DbtProject
from support.halves import part_of_today

# What still reads a predecessor: renamed, and dropped when the next run lets it.
STALE = """
    select distinct views.relname::text
    from pg_depend
    join pg_rewrite on pg_depend.objid = pg_rewrite.oid
    join pg_class as views on pg_rewrite.ev_class = views.oid
    join pg_class as tables on pg_depend.refobjid = tables.oid
    where tables.relname like '%\\_\\_retired\\_%' or tables.relname like '%\\_\\_dbt\\_%'
"""
VIEWS = """
    select oid::regclass::text from pg_class
    where relkind = 'v'
        and relnamespace::regnamespace::text not in ('pg_catalog', 'information_schema')
    order by 1
"""


def test_a_selected_table_is_read_by_every_view(dbt: DbtProject, database: Database) -> None:
    chosen = ["--select", "stg_server__statements", "rpt_slow_statements"]
    assert dbt.run("run", *chosen).success
    database.execute(
        f"""
        create view public.theirs with (security_barrier = true) as
        select statements.statement_id, statements.measured_at as at
        from {MODELS_SCHEMA}.stg_server__statements as statements;
        create view public.on_theirs as select * from public.theirs;
        """
    )
    views = database.rows(VIEWS)
    for options in ([], ["--full-refresh"]):
        assert dbt.run("run", "--select", "stg_server__statements", *options).success
        assert database.rows(STALE) == []
        assert database.rows(VIEWS) == views
    database.execute(
        f"insert into {MODELS_SCHEMA}.stg_server__statements (statement_id, statement)"
        " values (-7, 'from purchase_claims')"
    )
    for view in ("public.on_theirs", f"{MODELS_SCHEMA}.rpt_slow_statements"):
        assert database.value(f"select count(*) from {view} where statement_id = -7") == 1, view
    assert database.value("select reloptions from pg_class where relname = 'theirs'") == [
        "security_barrier=true"
    ]


@pytest.mark.slow
def test_each_model_may_be_built_alone(dbt: DbtProject, database: Database) -> None:
    assert dbt.build("--exclude-resource-type", "test").success
    models = [
        name
        for (name,) in database.rows(
            f"""
        select relname::text from pg_class
        where relnamespace = '{MODELS_SCHEMA}'::regnamespace and relkind in ('r', 'v') order by 1
        """
        )
    ]
    for number, name in enumerate(models):
        database.execute(
            f'create view public.theirs_{number} as select * from {MODELS_SCHEMA}."{name}"'
        )
    views = database.rows(VIEWS)
    chosen = [
        node.name
        for node in dbt.parse().nodes.values()
        if str(node.resource_type) == "model" and node.alias in models
    ]
    for name in part_of_today(chosen, 6):
        outcome = dbt.run("run", "--select", name)
        assert outcome.success, outcome.explain()
        assert database.rows(STALE) == [], name
        assert database.rows(VIEWS) == views, name
