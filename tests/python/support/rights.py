"""docs/rights.md: who may do what, as it is written there and as the database has it."""

from __future__ import annotations

from collections.abc import Mapping

from psycopg.rows import dict_row

from support.dbt_project import ROOT
from support.guard import Guard

PAGE = ROOT / "docs" / "rights.md"
WANTED = ROOT / "target" / "rights.md"

# A column of the table and the role that stands for it in the walk from nothing.
GROUP_ROLES = {
    name: name
    for name in (
        *("public", "claim_reader", "claim_planner", "claim_approver", "claim_applier"),
        *("claim_alerter", "claim_writer", "claim_guard", "claim_owner"),
    )
}
OWNERS = {"claim_guard", "claim_owner"}
LOGINS = {"builds": "builder", "owns the tables": "shop", "stranger": "nobody", "named": "anon"}

# One row an object of claim_ops, a table of the service, or all models together (where they agree).
RIGHTS = """
    with objects as (
        select 'function' as kind, pg_proc.oid, pg_proc.proname as name, pg_proc.proname as shown
        from pg_catalog.pg_proc
        where pg_proc.pronamespace = 'claim_ops'::regnamespace
        union all
        select
            case
                when pg_class.relnamespace = 'claim_ops'::regnamespace then 'table'
                when pg_class.relnamespace = 'public'::regnamespace then 'service' else 'model'
            end,
            pg_class.oid, pg_class.relname,
            case
                when pg_class.relnamespace in ('claim_ops'::regnamespace, 'public'::regnamespace)
                    then pg_class.relname else 'every model'
            end
        from pg_catalog.pg_class
        where pg_class.relkind in ('r', 'v', 'm', 'p')
            and pg_class.relnamespace in (
                'claim_ops'::regnamespace, 'public'::regnamespace, %(models)s::text::regnamespace
            )
    )

    select distinct
        objects.kind, objects.shown, roles.name as role,
        case objects.kind
            when 'function' then (
                select 'x' where has_function_privilege(roles.name, objects.oid, 'execute')
            )
            else (
                select string_agg(letters.letter, '' order by letters.number)
                from (
                    values
                    (1, 'r', 'select'), (2, 'i', 'insert'), (3, 'u', 'update'), (4, 'd', 'delete'),
                    (5, 'T', 'truncate'), (6, 't', 'trigger')
                ) as letters (number, letter, privilege)
                where has_table_privilege(roles.name, objects.oid, letters.privilege)
            )
        end as letters
    from objects
    cross join unnest(%(roles)s::text[]) as roles (name)
"""
TITLES = {
    "function": "Functions of `claim_ops`: who may call them",
    "table": "Tables and views of `claim_ops`",
    "model": "The models",
    "service": "The service's tables",
}


def rights_of(guard: Guard, roles: Mapping[str, str]) -> dict[tuple[str, str], dict[str, str]]:
    """What each object gives to each column's role: `{(kind, name): {column: letters}}`."""
    columns = {role: column for column, role in roles.items()}
    rights: dict[tuple[str, str], dict[str, str]] = {}
    models = guard.value("select models_schema from claim_ops.settings")
    with guard.connect() as connection, connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(RIGHTS, {"roles": list(columns), "models": models}).fetchall()
    for row in rows:
        cells = rights.setdefault((row["kind"], row["shown"]), {})
        column = columns[row["role"]]
        assert column not in cells, f"{row['shown']} gives {column} unequal rights"
        cells[column] = row["letters"] or ""
    return {
        (kind, name): cells
        for (kind, name), cells in rights.items()
        if not (name.startswith("_") and {each for each in cells if cells[each]} == OWNERS)
    }


def written_page(rights: Mapping[tuple[str, str], Mapping[str, str]]) -> str:
    """The page for these rights."""
    columns = [*GROUP_ROLES, *LOGINS]
    page = [PAGE.read_text().partition("\n## ")[0]]
    for kind, title in TITLES.items():
        page += [f"## {title}", "", f"| | {' | '.join(columns)} |"]
        page += ["| --- |" + " --- |" * len(columns)]
        for (of, name), cells in sorted(rights.items()):
            if of == kind:
                page += ["| " + " | ".join([name, *(cells[each] for each in columns)]) + " |"]
        page += [""]
    return "\n".join(page)


def rights_on_the_page() -> dict[tuple[str, str], dict[str, str]]:
    """The page's tables, read back."""
    rights = {}
    kinds = {title: kind for kind, title in TITLES.items()}
    kind, columns = "", list[str]()
    for line in PAGE.read_text().splitlines():
        if line.startswith("## "):
            kind = kinds[line.removeprefix("## ")]
        elif line.startswith("| ") and not line.startswith("| --- "):
            first, *cells = (each.strip() for each in line.strip("|").split("|"))
            if first:
                rights[kind, first] = dict(zip(columns, cells, strict=True))
            else:
                columns = cells
    return rights
