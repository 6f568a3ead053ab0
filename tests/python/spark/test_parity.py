"""The models on Apache Spark against the same models on PostgreSQL, row by row."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime

import pytest
from support.balance_rules import Rules
from support.cap_rules import CapRules
from support.databases import Templates
from support.dbt_project import DbtProject
from support.lake import (
    Lake,
    SparkProject,
    assert_same_rows,
    assert_types_of_contracts,
    portable_models,
    succeeded,
)
from support.lake_histories import World, copy_histories, store_histories

pytestmark = pytest.mark.spark

NIGHT_OF_APIA = datetime(2012, 1, 14, 12, tzinfo=UTC)  # Two weeks after Samoa skipped a day.
AUTUMN_OF_BERLIN = datetime(2025, 10, 28, 12, tzinfo=UTC)
SPRING_OF_NEW_YORK = datetime(2025, 3, 10, 4, tzinfo=UTC)
APIA, BERLIN, KOLKATA, NEW_YORK = (
    "Pacific/Apia",
    "Europe/Berlin",
    "Asia/Kolkata",
    "America/New_York",
)
WORLDS = {
    "shops_in_autumn": World(
        Rules("extend", has_adjustments=True, as_of=AUTUMN_OF_BERLIN),
        CapRules(BERLIN, KOLKATA),
        zone=BERLIN,
        has_shops=True,
        vars={"negative_ledger_policy": "clamp"},
    ),
    "rolling_of_uuids": World(
        Rules("max", 0, 5, as_of=SPRING_OF_NEW_YORK),
        CapRules("UTC", NEW_YORK, True, 5),
        user_id_type="uuid",
    ),
    "a_day_that_never_was": World(
        Rules("extend", 3599, 2880, has_adjustments=True, as_of=NIGHT_OF_APIA),
        CapRules(APIA, "UTC"),
        zone=APIA,
    ),
    # Claims dated ahead count where nobody looks back.
    "present": World(Rules("max", has_adjustments=True), CapRules(NEW_YORK, "UTC")),
}
SMALL = "shops_in_autumn"
# Of two builds each has its own moment.
MOMENTS = ("built_at", "as_of", "too_old_at", "valid_until")


@pytest.mark.parametrize("world", [SMALL] if "SPARK_SMALL" in os.environ else WORLDS)
def test_both_engines_have_the_same_rows(
    world: str, templates: Templates, dbt: DbtProject, spark_dbt: SparkProject, lake: Lake
) -> None:
    place = WORLDS[world]
    # Without as_of, seconds decide what is over: there the histories are always the same.
    seed = random.randrange(2**32) if place.rules.as_of else 20251124
    database = templates.fresh_database(place.user_id_type)
    store_histories(place, seed, database)
    there = copy_histories(place, database, lake)
    models = portable_models(spark_dbt.parse(there))

    succeeded(spark_dbt.run("run", vars=there))
    succeeded(dbt.run("run", "--select", *models, vars=place.all_vars()))

    # What time decides no more is PostgreSQL's business.
    but = ("is_at_rest", *(() if place.rules.as_of else MOMENTS))
    rows = {}
    for model, name in models.items():
        # A look at requests goes to the running hour.
        if place.rules.as_of or not model.startswith(("rpt_claim_", "rpt_slo_", "int_current")):
            rows[model] = assert_same_rows(database, lake, place.schema, name, but, seed)
    print(f"{world}, seed {seed}: {sum(rows.values())} rows of {len(rows)} models")
    empty = {model for model, count in rows.items() if count == 0 and "stg_" not in model}
    assert not empty, seed
    assert assert_types_of_contracts(lake, spark_dbt, there) > 100
