"""A database in which the test says what time it is, with the models of service health on it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psycopg
from psycopg.rows import dict_row

from support.databases import Database
from support.dbt_project import DbtProject, Outcome

SEEDS = ("sku_catalog", "escalation_contacts")
BUILT = ("staging", "wallets", "service", "fct_purchase_discrepancies", *SEEDS)

# The models know no time but the test's: which function a view calls is bound when it is made.
CLOCK = """
create schema clock;
create function clock.statement_timestamp() returns timestamptz stable language sql
return current_setting('clock.now')::timestamptz;
alter database claims set search_path = clock, pg_catalog, public;
alter database claims set timezone = 'Asia/Kathmandu';
alter table function_metrics alter status_code drop not null, alter duration_ms drop not null;
"""


class Observatory:
    """A database whose clock the test sets, with the models of service health on it."""

    def __init__(self, database: Database, dbt: DbtProject, vars: dict[str, Any]) -> None:
        self.database = database
        self.dbt = dbt
        self.vars = vars
        database.execute(CLOCK)

    def build(self, now: datetime, *selected: str) -> Outcome:
        """Build the models at that moment."""
        self.database.execute(f"alter database claims set clock.now = '{now.isoformat()}'")
        outcome = self.dbt.build(
            *("--exclude-resource-type", "test", "unit_test", "--select", *(selected or BUILT)),
            vars=self.vars,
        )
        assert outcome.success, outcome.explain()
        return outcome

    @contextmanager
    def at(self, now: datetime) -> Iterator[psycopg.Cursor[dict[str, Any]]]:
        """Look at the models at that moment."""
        with self.database.connect() as connection:
            connection.execute("select set_config('clock.now', %s, false)", [now.isoformat()])
            yield connection.cursor(row_factory=dict_row)
