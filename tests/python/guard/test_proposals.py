"""`plan wallets --proposals`: keys found elsewhere, each judged here and now."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import dataset, parquet
from support.claimctl import Answer, claimctl, on
from support.databases import MODELS_SCHEMA
from support.guard import BOOSTER, CHECKER, MAKER, RUNNER, Guard
from support.guard_templates import Guards, give_user_ids, install

Rows = Sequence[tuple[Any, ...]]
SHARE = ("--raise", "max_affected_share=1")
HOSTILE = ["ann'; drop table user_wallet_balances; --", 'a"b', "a\0b", "{}", "é\n🦜", "x" * 10_000]


def wrong_unknown_to_the_models(guard: Guard, user_id: str) -> None:
    guard.add_wallet(user_id, 1)
    guard.add_claims(user_id, 2)


def proposed(folder: Path, rows: Rows, names: Sequence[str] = ("user_id", "item")) -> str:
    """Write proposals as Parquet and return the file's name."""
    columns: list[Any] = list(zip(*rows, strict=True)) if rows else [[] for _ in names]
    arrays = [pa.array(column, pa.string()) for column in columns]
    parquet.write_table(pa.table(arrays, names=list(names)), folder / "proposals.parquet")
    return str(folder / "proposals.parquet")


def plan(guard: Guard, source: str, *arguments: str) -> Answer:
    given = ("plan", "wallets", "--reason", "from the lake", "--proposals", source)
    return claimctl(*given, *SHARE, *arguments, *on(guard, user=MAKER))


def outcomes(answer: Answer) -> dict[str, int]:
    assert answer.exit_code == 0, answer.stderr
    return {row["outcome"]: row["proposals"] for row in answer.document["proposals"]}


def wallets(guard: Guard) -> dict[str, int]:
    return dict(guard.rows("select user_id, streakshield_count from user_wallet_balances"))


def carry_out(guard: Guard, plan_id: int) -> None:
    checker, runner = on(guard, user=CHECKER), on(guard, user=RUNNER)
    assert claimctl("approve", str(plan_id), "--yes", *checker).exit_code == 0
    assert claimctl("apply", str(plan_id), "--yes", *runner).exit_code == 0
    assert claimctl("verify", str(plan_id), *runner).exit_code == 0


def test_each_proposal_is_judged_and_counted(guard_that_waits: Guard, tmp_path: Path) -> None:
    guard = guard_that_waits
    for user_id in ("ann", "bob", "cat"):
        wrong_unknown_to_the_models(guard, user_id)
    # Cat is as wrong, as the models know, and Bob's booster too; nobody proposes them.
    guard.mark_wrong("cat")
    guard.add_claims("bob", sku=BOOSTER)
    guard.add_wallet("right", 2)
    guard.add_claims("right", 2)
    guard.add_claims("eve", 2, hours_ago=1)
    guard.add_wallet("eve", 1, hours_ago=2)
    guard.add_wallet("rich", 5)
    guard.add_claims("rich", 1)
    guard.add_claims("poor", 3)
    rows: list[tuple[Any, ...]] = [
        ("ann", "streakshield"),
        ("bob", "streakshield"),
        ("ann", "streakshield"),
        ("ann", "xp_booster"),
        ("right", "streakshield"),
        ("eve", "streakshield"),
        ("rich", "streakshield"),
        ("poor", "streakshield"),
        ("zoe", "streakshield"),
        (None, "streakshield"),
        ("ann", None),
        ("  ", "streakshield"),
        ("ann", "shield"),
        *((text, "streakshield") for text in HOSTILE),
        ("ann", "streakshield'); --"),
    ]
    source = proposed(tmp_path, rows)
    answer = plan(guard, source, "--json")
    assert outcomes(answer) == {
        "planned": 3,
        "duplicate": 1,
        "right": 2,
        "in_flight": 1,
        "excess_not_asked_for": 1,
        # A text with a zero byte is none of PostgreSQL's.
        "no_key": 4,
        "unknown_item": 2,
        "unknown_user": 1 + len(HOSTILE) - 1,
    }
    first = {row["outcome"]: row for row in answer.document["proposals"]}
    assert first["unknown_user"]["first_user_id"] == "zoe"
    assert len(json.dumps(answer.document)) < 20_000
    before = wallets(guard)
    carry_out(guard, answer.document["plan_id"])
    assert wallets(guard) == before | {"ann": 2, "bob": 2, "poor": 3}
    boosters = "select count(*) from user_wallet_balances where xp_booster_until is not null"
    assert guard.value(boosters) == 0
    shown = claimctl("show", str(answer.document["plan_id"]), *on(guard, user=CHECKER)).stdout
    assert f"Proposals of {source}" in shown
    assert re.search("excess_not_asked_for +1 +rich +streakshield", shown), shown


def test_a_stale_snapshot_writes_nothing_wrong(guard: Guard, tmp_path: Path) -> None:
    """What the lake says of values is a moment of the past; only its keys come back."""
    for user_id in ("ann", "bob", "cat"):
        wrong_unknown_to_the_models(guard, user_id)
    lake = claimctl("lake", "snapshot", str(tmp_path / "lake"), "--json", *on(guard)).document
    folder = Path(lake["folder"])
    held = dataset.dataset(folder / "user_wallet_balances").to_table().to_pylist()
    digest = lake["settings_digest"]
    assert digest == guard.value("select digest from claim_ops.settings")
    rows = [(row["user_id"], "streakshield", digest) for row in held]
    source = proposed(tmp_path, rows, ("user_id", "item", "settings_digest"))
    guard.execute(
        """
        update user_wallet_balances set streakshield_count = 2 where user_id = 'ann';
        delete from user_wallet_balances where user_id = 'cat';
        delete from purchase_claims where user_id = 'cat';
        insert into purchase_claims
        select 'new-' || n, 'bob', sku, claimed_at from purchase_claims, generate_series(1, 3) as n
        where user_id = 'bob'
        limit 3
        """
    )
    answer = plan(guard, source, "--json")
    assert outcomes(answer) == {"planned": 1, "right": 1, "unknown_user": 1}
    # And what changes after the plan is made is left to the writer.
    wrong_unknown_to_the_models(guard, "dan")
    both = plan(guard, proposed(tmp_path, [("dan", "streakshield")]), "--json")
    guard.execute("update user_wallet_balances set streakshield_count = 9 where user_id = 'dan'")
    carry_out(guard, answer.document["plan_id"])
    assert wallets(guard) == {"ann": 2, "bob": 5, "dan": 9}
    late = str(both.document["plan_id"])
    assert claimctl("approve", late, "--yes", *on(guard, user=CHECKER)).exit_code == 0
    assert claimctl("apply", late, "--yes", *on(guard, user=RUNNER)).exit_code == 1
    assert wallets(guard)["dan"] == 9


def test_other_settings_than_the_guards_are_refused(guard: Guard, tmp_path: Path) -> None:
    wrong_unknown_to_the_models(guard, "ann")
    names = ("user_id", "item", "settings_digest")
    key = ("ann", "streakshield")
    digest = guard.value("select digest from claim_ops.settings")
    source = proposed(tmp_path, [(*key, digest), (*key, "0" * 64), (*key, None)], names)
    answer = plan(guard, source)
    assert answer.exit_code == 4
    assert "another catalogue than the guard was installed with" in answer.sentence
    assert "claimctl lake snapshot DIR" in answer.sentence
    assert guard.value("select count(*) from claim_ops.plans") == 0
    # The same catalogue, and rows that carry no digest.
    assert outcomes(
        plan(guard, proposed(tmp_path, [(*key, digest), (*key, None)], names), "--json")
    )


def test_a_catalogue_that_changed_after_the_snapshot_refuses(guard: Guard, tmp_path: Path) -> None:
    """The digest of the manifest is that of the guard; installed anew, the guard has another."""
    wrong_unknown_to_the_models(guard, "ann")
    lake = claimctl("lake", "snapshot", str(tmp_path / "lake"), "--json", *on(guard)).document
    guard.execute("update claim_ops.settings set digest = repeat('a', 64)")
    guard.execute(f"update {MODELS_SCHEMA}.rpt_wallet_build set settings_digest = repeat('a', 64)")
    rows = [("ann", "streakshield", lake["settings_digest"])]
    answer = plan(guard, proposed(tmp_path, rows, ("user_id", "item", "settings_digest")))
    assert answer.exit_code == 4


def test_proposals_need_no_models_and_suspicions_count_them(guard: Guard, tmp_path: Path) -> None:
    """What does not fit this server is not built here; what the models know counts all the same."""
    wrong_unknown_to_the_models(guard, "ann")
    guard.add_short_wallet("bob")
    source = proposed(tmp_path, [("ann", "streakshield")])
    assert plan(guard, source, "--json").document["lines"] == 1
    # Short long after the last claim: spent, and one proposal must not hide it among none.
    for number in range(12):
        user_id = f"spender-{number:02d}"
        guard.add_claims(user_id, 2, hours_ago=400)
        guard.add_wallet(user_id, 1, hours_ago=10)
        guard.mark_wrong(user_id)
    answer = plan(guard, source)
    assert (answer.exit_code, "suspected" in answer.sentence) == (4, True), answer.stderr
    guard.execute(
        f"""
        drop schema {MODELS_SCHEMA} cascade;
        delete from user_wallet_balances where user_id like 'spender%'
        """
    )
    document = plan(guard, source, "--json").document
    carry_out(guard, document["plan_id"])
    assert wallets(guard) == {"ann": 2, "bob": 1}
    answer = claimctl("plan", "wallets", "--reason", "why", *SHARE, *on(guard, user=MAKER))
    assert answer.exit_code == 4


def test_other_options_narrow_proposals(guard: Guard, tmp_path: Path) -> None:
    for user_id in ("ann", "bob", "cat", "dan"):
        wrong_unknown_to_the_models(guard, user_id)
    guard.add_claims("dan", 9)
    source = proposed(tmp_path, [(user, "streakshield") for user in ("ann", "bob", "cat", "dan")])
    narrowed = plan(guard, source, "--limit", "1", "--exclude", "bob", "--json")
    assert outcomes(narrowed) == {"planned": 1, "excluded": 1, "beyond_limit": 2}
    narrowed = plan(guard, source, "--user", "cat", "--json")
    assert outcomes(narrowed) == {"planned": 1, "not_asked_for": 3}
    (line,) = claimctl(
        "show", str(narrowed.document["plan_id"]), "--json", *on(guard, user=MAKER)
    ).document["plan_lines"]
    assert line["user_id"] == "cat"


def test_nothing_to_plan_says_what_became_of_them(guard: Guard, tmp_path: Path) -> None:
    guard.add_wallet("ann", 2)
    guard.add_claims("ann", 2)
    source = proposed(tmp_path, [("ann", "streakshield"), ("zoe", "streakshield")])
    said = plan(guard, source, "--json").document
    assert said["plan_id"] is None
    assert "of the proposals none is wrong and quiet: right 1, unknown_user 1" in said["message"]
    said = plan(guard, proposed(tmp_path, []), "--json").document
    assert "of the proposals none is wrong and quiet: there is none" in said["message"]


@pytest.mark.parametrize("type_name", ["uuid", pytest.param("bigint", marks=pytest.mark.slow)])
def test_ids_of_another_type(guards: Guards, tmp_path: Path, type_name: str) -> None:
    guard = guards.with_models()
    give_user_ids(guard, type_name)
    with guard.connect() as connection:
        install(connection, guards.script({"settle_minutes": 0, "user_id_data_type": type_name}))
    user_id, written = {
        "uuid": ("00000000-0000-0000-0000-0000000000ab", "00000000-0000-0000-0000-0000000000AB"),
        "bigint": ("123", " 123"),
    }[type_name]
    wrong_unknown_to_the_models(guard, user_id)
    rows = [(user_id, "streakshield"), (written, "streakshield"), ("ann", "streakshield")]
    rows += [("9" * 30, "streakshield"), ("", "streakshield")]
    expected = {"planned": 1, "duplicate": 1, "no_user_id": 2, "no_key": 1}
    assert outcomes(plan(guard, proposed(tmp_path, rows), "--json")) == expected


def test_a_table_filled_from_elsewhere(guard: Guard) -> None:
    """As its own login may read it: the guard's rights reach no table that somebody names."""
    wrong_unknown_to_the_models(guard, "ann")
    guard.execute(
        f"""
        create schema "From Spark";
        create table "From Spark".found (run_id int, user_id varchar, item text, wallet numeric);
        insert into "From Spark".found values (1, 'ann', 'streakshield', 7), (1, null, 'x', 0);
        create table secret (user_id text, item text);
        grant usage on schema "From Spark" to {MAKER};
        grant select on "From Spark".found to {MAKER}
        """
    )
    assert outcomes(plan(guard, '"From Spark".found', "--json")) == {"planned": 1, "no_key": 1}
    answer = plan(guard, "public.secret")
    assert answer.exit_code == 4
    for source, sentence in {
        "nowhere": "There is no file, folder or table nowhere.",
        "a.b.c.d": "There is no file, folder or table a.b.c.d.",
        "found; drop table x": "There is no file, folder or table",
        "claim_ops.control": "has no column user_id and no column item",
    }.items():
        answer = plan(guard, source)
        assert (answer.exit_code, sentence in answer.sentence) == (2, True), answer.stderr


def test_folders_numbers_and_bad_files(guard: Guard, tmp_path: Path) -> None:
    wrong_unknown_to_the_models(guard, "7")
    # As Spark writes: several files, a marker, a column in the folders' names.
    table = pa.table({"user_id": pa.array([7], pa.int64()), "item": ["streakshield"]})
    for day in ("day=1", "day=2"):
        (tmp_path / "found" / day).mkdir(parents=True)
        parquet.write_table(table, tmp_path / "found" / day / "part-0.snappy.parquet")
    (tmp_path / "found" / "_SUCCESS").write_text("")
    found = outcomes(plan(guard, str(tmp_path / "found"), "--json"))
    assert found == {"planned": 1, "duplicate": 1}
    found = outcomes(plan(guard, f"file://{tmp_path}/found", "--json"))
    assert found == {"planned": 1, "duplicate": 1}
    (tmp_path / "text.parquet").write_text("user_id,item\n")
    odd = pa.table({"user_id": pa.array([1.5]), "item": ["streakshield"]})
    parquet.write_table(odd, tmp_path / "odd.parquet")
    for source, sentence in {
        str(tmp_path / "none.parquet"): "could not be read",
        str(tmp_path / "text.parquet"): "could not be read",
        str(tmp_path / "odd.parquet"): "The column user_id of",
        proposed(tmp_path, [("ann",)], ("user_id",)): "has no column item: proposals are rows of",
        "ftp://login:password@host/x": "ftp://host/x cannot be opened",
    }.items():
        answer = plan(guard, source)
        assert (answer.exit_code, sentence in answer.sentence) == (2, True), answer.stderr


def test_a_function_call_with_nonsense_is_refused(guard: Guard) -> None:
    for keys in (None, "ann", {"ann": "streakshield"}):
        with guard.refuses("CO013", "--proposals SOURCE"):
            guard.plan(proposals={"source": "x", "keys": keys})
    with guard.refuses("CO013", "in several parts"):
        guard.plan(proposals={"source": "x", "keys": [0] * 1_000_001})
    with guard.refuses("CO014", "--include-excess ITEM"):
        guard.plan(proposals={"source": "x", "keys": [0, {}, [], ["a"], [["b"], 1]]})
