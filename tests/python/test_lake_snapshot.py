"""`claimctl lake snapshot`: all tables as of one moment, as Parquet, whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from claimctl.lake.folder import Folder
from pyarrow import dataset
from support.claimctl import Answer, claimctl, consumer_project, on
from support.databases import Database
from support.dbt_project import ROOT

HOSTILE = ["a,b", 'q"uo"te', "line\nfeed\r\n", "", "\\.", "NULL", "\\N", "' or 1=1 --", "é🦜\t"]


@pytest.fixture
def shop(database: Database) -> Database:
    """Claims over some hundred blocks, wallets with odd times, and ids that look like syntax."""
    database.execute(
        """
        insert into purchase_claims (tx_id, user_id, sku, claimed_at)
        select 'tx-' || n, 'user-' || n % 500, 'consumable_streakshield_1',
            now() - n * interval '1 minute'
        from generate_series(1, 20000) as n;
        insert into user_wallet_balances (user_id, streakshield_count, xp_booster_until, updated_at)
        select 'user-' || n, n,
            case n % 4 when 0 then 'infinity' when 1 then null when 2 then '20000-01-01'
                else now() end::timestamptz,
            timestamptz '2026-01-01 00:00:00.000001+00' + n * interval '1 microsecond'
        from generate_series(0, 499) as n;
        insert into audit_purchases (tx_id, user_id, sku, status, purchased_at)
        select 'tx-' || n, 'user-' || n % 500, 'consumable_streakshield_1', 'REFUND', now()
        from generate_series(1, 3000) as n
        """
    )
    with database.connect() as connection, connection.cursor() as cursor:
        cursor.executemany(
            "insert into purchase_claims (tx_id, user_id, sku, claimed_at)"
            " values (%s, %s, 'x', '2026-01-01 12:00:00.123456+00')",
            [(f"odd-{number}", text) for number, text in enumerate(HOSTILE)],
        )
    return database


def take(database: Database, lake: Path, *arguments: str, project: Path | None = None) -> Answer:
    place = on(database) if project is None else on(database, project)
    return claimctl("lake", "snapshot", str(lake), *arguments, *place)


def taken(database: Database, lake: Path, *arguments: str, **named: Any) -> dict[str, Any]:
    answer = take(database, lake, "--json", *arguments, **named)
    assert answer.exit_code == 0, answer.stderr
    document: dict[str, Any] = answer.document
    return document


def read(folder: Path | str, table: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = dataset.dataset(f"{folder}/{table}").to_table().to_pylist()
    return rows


def test_all_rows_come_once_and_as_they_are(shop: Database, tmp_path: Path) -> None:
    document = taken(shop, tmp_path / "lake", "--part-mib", "1")
    folder = Path(document["folder"])
    claims = read(folder, "purchase_claims")
    assert len({row["tx_id"] for row in claims}) == len(claims) == 20_000 + len(HOSTILE)
    (entry,) = [each for each in document["tables"] if each["source"] == "purchase_claims"]
    assert len(entry["files"]) > 1
    odd = {row["tx_id"]: row for row in claims if row["tx_id"].startswith("odd")}
    assert [odd[f"odd-{number}"]["user_id"] for number in range(len(HOSTILE))] == HOSTILE
    assert odd["odd-0"]["claimed_at"] == datetime(2026, 1, 1, 12, 0, 0, 123456, tzinfo=UTC)
    expected = shop.records(
        "select tx_id, user_id, sku, claimed_at at time zone 'UTC' as claimed_at"
        " from purchase_claims order by tx_id"
    )
    in_order = sorted(claims, key=lambda row: str(row["tx_id"]).encode())
    for row, wanted in zip(in_order, expected, strict=True):
        shown = {name: row[name] for name in wanted} | {
            "claimed_at": row["claimed_at"].replace(tzinfo=None)
        }
        assert shown == wanted
    wallets = {row["user_id"]: row for row in read(folder, "user_wallet_balances")}
    last = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    ends = [wallets[f"user-{number}"]["xp_booster_until"] for number in range(3)]
    assert ends == [last, None, last]
    assert wallets["user-7"]["updated_at"].microsecond == 8


def test_the_manifest_covers_every_file(shop: Database, tmp_path: Path) -> None:
    document = taken(shop, tmp_path)
    folder = Path(document["folder"])
    manifest = (folder / "manifest.json").read_bytes()
    assert hashlib.sha256(manifest).hexdigest() == document["manifest_sha256"]
    listed = {
        entry["file"]: entry for table in json.loads(manifest)["tables"] for entry in table["files"]
    }
    found = {str(file.relative_to(folder)) for file in folder.rglob("*") if file.is_file()}
    assert found == {*listed, "manifest.json"}
    for name, entry in listed.items():
        content = (folder / name).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
        assert len(content) == entry["bytes"]
    # An empty table has a file too, from which readers learn its columns.
    assert read(folder, "function_metrics") == []
    said = take(shop, tmp_path).stdout
    assert re.search("purchase_claims +20,009 +1 ", said), said
    assert "Hash of its manifest, to keep elsewhere:" in said


def test_all_tables_are_of_one_moment(shop: Database, tmp_path: Path) -> None:
    """Beside a writer that claims and credits in one transaction, no table is ahead."""
    stop = threading.Event()

    def work() -> None:
        with shop.connect(autocommit=False) as connection:
            number = 0
            while not stop.is_set():
                number += 1
                connection.execute(
                    "insert into purchase_claims values (%s, 'pair', 'x', now())",
                    [f"pair-{number}"],
                )
                connection.execute(
                    "insert into user_wallet_balances (user_id, updated_at) values (%s, now())",
                    [f"pair-{number}"],
                )
                connection.execute(
                    "insert into audit_purchases values (%s, 'pair', 'x', 'y', now())",
                    [f"pair-{number}"],
                )
                connection.commit()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        for _ in range(3):
            document = taken(shop, tmp_path, "--connections", "3", "--part-mib", "1")
            pairs = [
                {row[key] for row in read(document["folder"], table) if "pair-" in row[key]}
                for table, key in (
                    ("purchase_claims", "tx_id"),
                    ("user_wallet_balances", "user_id"),
                    ("audit_purchases", "tx_id"),
                )
            ]
            assert pairs[0] == pairs[1] == pairs[2]
    finally:
        stop.set()
        thread.join()
    assert pairs[0]


@contextmanager
def held(database: Database) -> Iterator[str]:
    """A session that exports its snapshot and holds it."""
    with database.connect(autocommit=False) as connection:
        connection.execute("set transaction isolation level repeatable read")
        row = connection.execute("select pg_export_snapshot()").fetchone()
        assert row
        yield row[0]


def killed(database: Database, lake: Path, *arguments: str) -> Path:
    """Start a run in a process of its own, kill it in the middle, and return what it left."""
    code = """
import sys, time
from claimctl.lake.folder import Folder
keep = Folder.keep_part
def slow(self, name, part):
    keep(self, name, part)
    time.sleep(0.3)
Folder.keep_part = slow
from claimctl.cli import main
main()
"""
    command = ["lake", "snapshot", str(lake), "--connections", "1", "--part-mib", "1"]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *command, *arguments, *on(database)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT / "scripts")},
        text=True,
    )
    try:
        until = time.monotonic() + 60
        while len(list(lake.glob("snapshot-*/_parts/*.json"))) < 2:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < until
            time.sleep(0.01)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    (folder,) = lake.glob("snapshot-*")
    assert not (folder / "manifest.json").exists()
    return folder


def wait_until_alone(database: Database) -> None:
    """Wait for the server to notice that the killed client is gone."""
    query = (
        "select count(*) from pg_stat_activity"
        " where application_name = 'claimctl' and datname = current_database()"
    )
    until = time.monotonic() + 30
    while database.value(query):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_killed_run_is_removed_by_the_next(shop: Database, tmp_path: Path) -> None:
    left = killed(shop, tmp_path)
    wait_until_alone(shop)
    document = taken(shop, tmp_path)
    assert document["removed"] == [left.name]
    assert [folder.name for folder in tmp_path.iterdir()] == [document["run_id"]]
    # What is complete stays.
    again = taken(shop, tmp_path)
    assert again["removed"] == []
    assert {folder.name for folder in tmp_path.iterdir()} == {document["run_id"], again["run_id"]}


def test_what_may_be_somebody_elses_is_left_alone(shop: Database, tmp_path: Path) -> None:
    """Another server's run, which this one cannot ask, and folders that no run has begun."""
    elsewhere = killed(shop, tmp_path)
    begun = json.loads((elsewhere / "_begun.json").read_text())
    (elsewhere / "_begun.json").write_text(
        json.dumps(begun | {"server_started_at": "2026-01-01 00:00:00+00"})
    )
    begins = tmp_path / "snapshot-20261127T124650-3f9c"
    (begins / "_parts").mkdir(parents=True)
    theirs = tmp_path / "snapshot-of-the-accounts"
    theirs.mkdir()
    (theirs / "accounts.csv").write_text("theirs")
    wait_until_alone(shop)

    document = taken(shop, tmp_path)

    assert document["removed"] == []
    assert sorted(document["left_alone"]) == sorted([elsewhere.name, begins.name, theirs.name])
    assert (theirs / "accounts.csv").read_text() == "theirs"
    assert len(list((elsewhere / "_parts").iterdir())) >= 2


def test_a_manifest_that_cannot_be_read_now_is_not_gone(shop: Database, tmp_path: Path) -> None:
    whole = Path(taken(shop, tmp_path)["folder"])
    # Reading fails, and not because there is no such file.
    (whole / "manifest.json").rename(whole / "kept.json")
    (whole / "manifest.json").mkdir()
    answer = take(shop, tmp_path)
    assert (answer.exit_code, "manifest.json could not be read" in answer.sentence) == (1, True)
    assert list((whole / "purchase_claims").iterdir())


def test_a_killed_run_goes_on_while_its_snapshot_is_held(shop: Database, tmp_path: Path) -> None:
    with held(shop) as snapshot:
        left = killed(shop, tmp_path, "--snapshot", snapshot)
        wait_until_alone(shop)
        shop.execute("insert into purchase_claims values ('later', 'u', 's', now())")
        # A run of another moment leaves it alone.
        other = taken(shop, tmp_path, "--part-mib", "1")
        assert other["left_alone"] == [left.name]
        assert "later" in {row["tx_id"] for row in read(other["folder"], "purchase_claims")}
        document = taken(
            shop, tmp_path, "--snapshot", snapshot, "--part-mib", "1", "--connections", "1"
        )
        assert (document["run_id"], document["kept_parts"] >= 2) == (left.name, True)
        transactions = [row["tx_id"] for row in read(document["folder"], "purchase_claims")]
        assert len(set(transactions)) == len(transactions) == 20_000 + len(HOSTILE)
        assert not list(Path(document["folder"]).glob("_*"))


def test_rows_that_were_written_anew_are_read_anew(shop: Database, tmp_path: Path) -> None:
    """VACUUM FULL gives rows other places: parts of before would double some and miss others."""
    # So few that there are as many parts as before.
    shop.execute("delete from purchase_claims where tx_id in ('tx-1', 'tx-2')")
    with held(shop) as snapshot:
        left = killed(shop, tmp_path, "--snapshot", snapshot)
        wait_until_alone(shop)
        shop.execute("vacuum full purchase_claims")
        document = taken(shop, tmp_path, "--snapshot", snapshot, "--part-mib", "1")
        assert (document["run_id"] == left.name, document["kept_parts"]) == (False, 0)


def test_nothing_rewrites_a_table_meanwhile(
    shop: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[str] = []
    keep = Folder.keep_part

    def rewrite(self: Folder, name: str, part: dict[str, Any]) -> None:
        keep(self, name, part)
        if not refused:
            try:
                # One that no reader has come to yet.
                shop.execute("set lock_timeout = '100ms'; truncate user_wallet_balances")
            except psycopg.errors.LockNotAvailable as error:
                refused.append(str(error))

    monkeypatch.setattr(Folder, "keep_part", rewrite)
    document = taken(shop, tmp_path, "--part-mib", "1", "--connections", "1")
    assert refused
    assert len(read(document["folder"], "user_wallet_balances")) == 500


def test_a_cut_connection_is_made_anew(
    shop: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut: list[str] = []
    keep = Folder.keep_part

    def slow(self: Folder, name: str, part: dict[str, Any]) -> None:
        keep(self, name, part)
        if not cut:
            cut.append(name)
            # Whoever reads, not the first connection, which holds the snapshot.
            shop.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
                " where application_name = 'claimctl' and query like '%copy (%'"
            )

    monkeypatch.setattr(Folder, "keep_part", slow)
    document = taken(shop, tmp_path, "--connections", "1", "--part-mib", "1")
    assert cut
    assert len(read(document["folder"], "purchase_claims")) == 20_000 + len(HOSTILE)


def test_without_the_connection_that_holds_it_nothing_is_complete(
    shop: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cut: list[str] = []
    keep = Folder.keep_part

    def end(self: Folder, name: str, part: dict[str, Any]) -> None:
        keep(self, name, part)
        if not cut:
            cut.append(name)
            shop.execute(
                "select pg_terminate_backend(pid, 5000) from pg_stat_activity"
                " where application_name = 'claimctl' and query not like '%copy (%'"
            )

    monkeypatch.setattr(Folder, "keep_part", end)
    answer = take(shop, tmp_path, "--connections", "1")
    assert (answer.exit_code, "The connection was lost" in answer.sentence) == (3, True)
    assert list(tmp_path.glob("*/manifest.json")) == []


def test_only_what_is_read_leaves_the_database(shop: Database, tmp_path: Path) -> None:
    """Other names, a filter by a column that no model reads, and columns that nobody needs."""
    shop.execute(
        """
        alter table purchase_claims rename column sku to "Product";
        alter table purchase_claims add is_test boolean not null default false, add email text;
        alter table user_wallet_balances add device_token text;
        insert into store_config values ('api_token', '"secret"') on conflict do nothing
        """
    )
    project = consumer_project(
        tmp_path / "consumer",
        {
            "claim_service_columns": {"purchase_claims": {"sku": "Product"}},
            "claim_service_filters": {"purchase_claims": "not is_test"},
        },
    )
    document = taken(shop, tmp_path / "lake", project=project)
    columns = {table["source"]: set(table["columns"]) for table in document["tables"]}
    assert columns["purchase_claims"] == {"tx_id", "user_id", "Product", "claimed_at", "is_test"}
    assert "device_token" not in columns["user_wallet_balances"]
    assert {row["key"] for row in read(document["folder"], "store_config")} <= {"sku_enabled"}
    only = taken(shop, tmp_path / "lake", "--table", "user_wallet_balances", project=project)
    assert [table["source"] for table in only["tables"]] == ["user_wallet_balances"]
    answer = take(shop, tmp_path / "lake", "--table", "claims", project=project)
    assert (answer.exit_code, "There is no table claims: choose of" in answer.sentence) == (2, True)


def test_types_keep_their_meaning(database: Database, tmp_path: Path) -> None:
    database.execute(
        """
        create type kind as enum ('REFUND', 'INITIAL');
        create domain money_text as numeric(12, 3);
        alter table audit_purchases alter status type kind using 'REFUND',
            alter purchased_at type timestamp;
        alter table function_metrics alter duration_ms type money_text;
        alter table purchase_claims alter user_id type uuid using null;
        insert into audit_purchases values ('t', 'u', 's', 'INITIAL', '2026-03-01 01:02:03.4');
        insert into purchase_claims values
            ('t', '00000000-0000-0000-0000-00000000000a', 's', '-infinity');
        insert into function_metrics (timestamp, function_name, status_code, duration_ms)
        values (now(), 'claim', 200, 12.345)
        """
    )
    folder = taken(database, tmp_path)["folder"]
    (purchase,) = read(folder, "audit_purchases")
    assert purchase["status"] == "INITIAL"
    assert purchase["purchased_at"] == datetime(2026, 3, 1, 1, 2, 3, 400000)
    (claim,) = read(folder, "purchase_claims")
    assert claim["user_id"] == "00000000-0000-0000-0000-00000000000a"
    assert claim["claimed_at"] == datetime(1, 1, 1, tzinfo=UTC)
    (request,) = read(folder, "function_metrics")
    assert str(request["duration_ms"]) == "12.345"


def test_partitions_and_views_are_read_whole(shop: Database, tmp_path: Path) -> None:
    shop.execute(
        """
        alter table audit_purchases rename to all_purchases;
        create view audit_purchases as select * from all_purchases;
        alter table purchase_claims rename to old_claims;
        create table purchase_claims (like old_claims) partition by hash (tx_id);
        create table claims_0 partition of purchase_claims for values with (modulus 3, remainder 0);
        create table claims_1 partition of purchase_claims for values with (modulus 3, remainder 1);
        create table claims_2 partition of purchase_claims for values with (modulus 3, remainder 2);
        insert into purchase_claims select * from old_claims
        """
    )
    document = taken(shop, tmp_path, "--part-mib", "1")
    transactions = [row["tx_id"] for row in read(document["folder"], "purchase_claims")]
    assert len(set(transactions)) == len(transactions) == 20_000 + len(HOSTILE)
    assert len(read(document["folder"], "audit_purchases")) == 3_000


def test_a_place_is_a_url_too(shop: Database, tmp_path: Path) -> None:
    answer = take(shop, f"file://{tmp_path}/lake", "--json")  # type: ignore[arg-type]
    assert answer.exit_code == 0, answer.stderr
    assert answer.document["folder"].startswith(f"file://{tmp_path}/lake/snapshot-")
    assert len(list((tmp_path / "lake").glob("*/manifest.json"))) == 1


def test_what_goes_wrong_is_said_in_a_sentence(
    shop: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    answer = take(shop, tmp_path / "file" / "lake")
    assert (answer.exit_code, "could not be written" in answer.sentence) == (1, True)
    answer = take(shop, tmp_path, "--snapshot", "00000003-00000042-1")
    assert (answer.exit_code, "The snapshot is over" in answer.sentence) == (4, True), answer.stderr
    answer = take(shop, "ftp://host/lake")  # type: ignore[arg-type]
    assert (answer.exit_code, "cannot be opened" in answer.sentence) == (2, True), answer.stderr
    shop.execute("create role stranger_to_the_lake login")
    answer = claimctl("lake", "snapshot", str(tmp_path), *on(shop, user="stranger_to_the_lake"))
    assert (answer.exit_code, "claimctl doctor" in answer.sentence) == (4, True), answer.stderr
    assert list(tmp_path.glob("snapshot-*")) == []
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    answer = take(shop, tmp_path)
    command = "pip install 'claim-reconciliation[lake]'"
    assert (answer.exit_code, command in answer.sentence) == (2, True)
