"""`make dashboards`: write the bundle for the database of libpq's variables, and import it."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import requests
import yaml
from claimctl.database import reading
from claimctl.models import require_models
from claimctl.options import Options

from dashboards.bundle import ROOT, description, files, write

TARGET = ROOT / "target" / "dashboards.zip"
COLUMNS = """
select pg_class.relname as model, pg_attribute.attname as name,
    replace(format_type(pg_attribute.atttypid, null), 'timestamp with time zone', 'timestamptz')
        as type
from pg_catalog.pg_attribute
inner join pg_catalog.pg_class on pg_attribute.attrelid = pg_class.oid
inner join pg_catalog.pg_namespace on pg_class.relnamespace = pg_namespace.oid
where pg_namespace.nspname = %(schema)s and pg_class.relname = any(%(models)s)
    and pg_attribute.attnum > 0 and not pg_attribute.attisdropped
order by pg_class.relname, pg_attribute.attnum
"""


def bundle(options: Options) -> dict[str, Any]:
    """Return the bundle for a database, with the columns that its models have now."""
    project = yaml.safe_load((ROOT / "dbt_project.yml").read_text(encoding="utf-8"))
    models = list(description()["datasets"])
    with reading(options) as connection:
        schema = require_models(connection, options)
        rows = connection.execute(COLUMNS, {"schema": schema, "models": models}).fetchall()
        info = connection.info
        uri = f"postgresql+psycopg2://{info.user}@{info.host}:{info.port}/{info.dbname}"
    columns: dict[str, dict[str, str]] = {model: {} for model in models}
    for row in rows:
        columns[row["model"]][row["name"]] = row["type"]
    return files(schema, uri, columns, project["vars"]["claim_reconciliation"])


def send(file: Path, url: str) -> None:
    """Import the bundle into a running Superset, which updates what is there."""
    login = {
        "username": os.environ.get("SUPERSET_USER", "admin"),
        "password": os.environ.get("SUPERSET_PASSWORD", "admin"),
        "provider": "db",
    }
    answer = requests.post(f"{url}/api/v1/security/login", json=login, timeout=30)
    answer.raise_for_status()
    imported = requests.post(
        f"{url}/api/v1/assets/import/",
        headers={"Authorization": f"Bearer {answer.json()['access_token']}"},
        files={"bundle": (file.name, file.read_bytes(), "application/zip")},
        data={
            "passwords": json.dumps(
                {"databases/claim_service.yaml": os.environ.get("PGPASSWORD", "")}
            )
        },
        timeout=120,
    )
    if not imported.ok:
        sys.exit(f"Superset refused the bundle: {imported.text}")


def main() -> None:
    """Write the bundle; where SUPERSET_URL says so, import it."""
    write(TARGET, bundle(Options()))
    print(f"{TARGET.relative_to(ROOT)} is written.")
    if url := os.environ.get("SUPERSET_URL"):
        send(TARGET, url.rstrip("/"))
        print(f"{url} has the dashboards now.")


if __name__ == "__main__":
    main()
