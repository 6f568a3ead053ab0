"""Each column renamed and retyped, each needed index dropped: doctor and build say it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from lint.generate import _Macros
from support.claimctl import claimctl, faults, on
from support.databases import Database
from support.dbt_project import DbtProject

MACROS = _Macros()
ITEMS = {"streakshield_count": "integer", "xp_booster_until": "time"}
# By the kind of values: a type that the models cannot read, and what they must find.
WRONG = {
    "key": ("boolean", "text"),
    "user_id": ("boolean", "text, as the var user_id_data_type says"),
    "text": ("boolean", "text"),
    "status": ("boolean", "text"),
    "time": ("boolean", "timestamp with time zone"),
    "integer": ("text", "integer"),
    "number": ("text", "integer"),
    "jsonb": ("boolean", "jsonb"),
}
MORE_TABLES = """
alter table user_wallet_balances add time_zone text;
alter table purchase_claims add units int;
alter table audit_purchases add units int;
alter table queued_purchases add units int;
create table accepted_discrepancies (
    user_id text, item text, reason text, accepted_by text, accepted_until timestamptz
);
delete from store_config;
"""


def columns() -> Iterator[tuple[str, str, str, bool]]:
    """Give each column: its table, name, kind of values, and whether it may be missing."""
    # Accounts are read only where a var says so: guard/test_accounts_gone.py.
    tables = ((table, known) for table, known in MACROS.known_columns().items() if table != "users")
    for table, known in tables:
        for name, column in known.items():
            yield table, name, column["family"], column.get("is_optional", False)
    for name, family in ITEMS.items():
        yield "user_wallet_balances", name, family, False


@pytest.fixture
def service(database: Database) -> Database:
    database.execute(MORE_TABLES)
    assert doctor(database) == []
    return database


def doctor(database: Database) -> list[str]:
    return [each["finding"] for each in faults(claimctl("doctor", "--json", *on(database)))]


def test_each_column_renamed(service: Database, subtests: pytest.Subtests) -> None:
    for table, name, _, is_optional in columns():
        service.execute(f'alter table {table} rename column "{name}" to renamed')
        quoted = service.value(f"select quote_ident('{name}')")
        with subtests.test(f"{table}.{name}"):
            missing = [] if is_optional else [f"public.{table} has no column {quoted}."]
            assert doctor(service) == missing
        service.execute(f'alter table {table} rename column renamed to "{name}"')


def test_each_column_retyped(service: Database, subtests: pytest.Subtests) -> None:
    for table, name, family, _ in columns():
        wrong, wanted = WRONG[family]
        was = service.value(
            "select format_type(atttypid, atttypmod) from pg_attribute"
            f" where attrelid = '{table}'::regclass and attname = '{name}'"
        )
        default = service.value(
            f"select column_default from information_schema.columns"
            f" where table_name = '{table}' and column_name = '{name}' and table_schema = 'public'"
        )
        column = f'alter table {table} alter "{name}"'
        identity = service.value(
            f"select is_identity from information_schema.columns"
            f" where table_name = '{table}' and column_name = '{name}' and table_schema = 'public'"
        )
        drop = "drop identity" if identity == "YES" else "drop default"
        service.execute(f"{column} {drop}; {column} type {wrong} using null")
        quoted = service.value(f"select quote_ident('{name}')")
        with subtests.test(f"{table}.{name}"):
            (found,) = doctor(service)
            assert found.startswith(f"public.{table}.{quoted} is {wrong}, but must be {wanted}.")
        service.execute(f"{column} type {was} using null")
        if default is not None:
            service.execute(f"{column} set default {default}")


def test_each_index_dropped(service: Database, subtests: pytest.Subtests) -> None:
    needed = service.records(
        f"select source, keys, is_unique, reason from ({needed_indexes()}) as needed"
    )
    assert len(needed) == 6
    for need in needed:
        table, keys = need["source"], ", ".join(need["keys"])
        dropped = service.records(
            f"""
            select indexrelid::regclass::text as name, pg_get_indexdef(indexrelid) as definition,
                (select conname from pg_constraint where conindid = indexrelid) as of_constraint
            from pg_index
            where indrelid = '{table}'::regclass
                and pg_get_indexdef(indexrelid) like '%({keys})%'
                and indisunique = {need["is_unique"]}
            """
        )
        for index in dropped:
            constraint = index["of_constraint"]
            service.execute(
                f"alter table {table} drop constraint {constraint}"
                if constraint
                else f"drop index {index['name']}"
            )
        with subtests.test(f"{table} ({keys})"):
            assert dropped
            unique = "unique " if need["is_unique"] else ""
            assert doctor(service) == [
                f"public.{table} has no {unique}index on ({keys}): {need['reason']}."
            ]
        for index in dropped:
            service.execute(index["definition"])


def needed_indexes() -> str:
    """Return the list of the models."""
    return str(MACROS.needed_indexes("'{}'::jsonb", "null"))


def test_a_build_says_what_doctor_says(service: Database, dbt: DbtProject) -> None:
    """All that is wrong at once, and nothing is built."""
    service.execute(
        """
        alter table purchase_claims rename sku to product;
        alter table audit_purchases alter purchased_at type timestamp;
        alter table function_metrics alter status_code type text;
        drop table store_config;
        """
    )
    examined = claimctl("doctor", "--json", *on(service)).document["findings"]
    told = [each for each in examined if each["check"] in ("sources", "columns", "types")]
    said = dbt.says("run")
    errors = [each for each in told if each["state"] == "error"]
    assert len(errors) == 4
    for each in errors:
        assert " ".join(f"{each['finding']} {each['advice']}".split()) in said
    assert service.rows("select from pg_class where relname = 'int_wallet_balances'") == []
