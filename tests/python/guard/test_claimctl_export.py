"""`claimctl export`: files that an auditor can check without this database."""

from __future__ import annotations

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

from support.claimctl import claimctl, on
from support.forgery import forge
from support.guard import CHECKER, RUNNER, Guard


def document(folder: Path, name: str) -> Any:
    return json.loads((folder / f"{name}.json").read_text())


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_the_evidence_of_a_plan(guard: Guard, tmp_path: Path) -> None:
    guard.add_short_wallet('al"ice, \n1', claims=2, shields=1)
    guard.add_short_wallet("bob", claims=3, shields=1)
    plan = guard.approve(guard.plan())
    guard.execute("update user_wallet_balances set streakshield_count = 0 where user_id = 'bob'")
    guard.apply(plan)
    folder = tmp_path / "new" / "evidence"
    command = ("export", str(plan), str(folder), *on(guard, user=RUNNER))
    answer = claimctl(*command, "--json")
    assert answer.exit_code == 0, answer.stderr

    # The printed hash covers the manifest, and the manifest every file.
    manifest = (folder / "manifest.json").read_bytes()
    assert hashlib.sha256(manifest).hexdigest() == answer.document["manifest_sha256"]
    listed = {entry["file"]: entry for entry in json.loads(manifest)["files"]}
    assert {file.name for file in folder.iterdir()} == {*listed, "manifest.json"}
    for name, entry in listed.items():
        content = (folder / name).read_bytes()
        assert (len(content), hashlib.sha256(content).hexdigest()) == (
            entry["bytes"],
            entry["sha256"],
        )

    (header,) = document(folder, "plan")
    assert (header["state"], header["approved_by"]) == ("applied", CHECKER)
    approvals = {row["event"]: row for row in document(folder, "approvals")}
    assert approvals["approved"]["detail"]["digest"] == header["digest"]
    lines = {row["user_id"]: row for row in rows(folder, "lines")}
    assert {user: row["state"] for user, row in lines.items()} == {
        'al"ice, \n1': "applied",
        "bob": "skipped",
    }
    assert json.loads(lines['al"ice, \n1']["before"]) == {"streakshield_count": 1}
    assert lines["bob"]["skipped_because"] == "changed"
    assert len(document(folder, "outcomes")) == 2
    assert rows(folder, "problems") == document(folder, "problems") == []

    # The chain is whole, and the plan's outcomes are in it.
    chain = document(folder, "chain")
    assert [row["previous_hash"] for row in chain] == ["", *(row["hash"] for row in chain[:-1])]
    assert {row["batch_id"] for row in document(folder, "outcomes")} <= {
        row["batch_id"] for row in chain
    }

    # A second time into the same folder would mix two moments.
    again = claimctl(*command)
    assert again.exit_code == 2
    assert "is not empty" in again.sentence


def test_what_was_forged_stands_in_the_evidence(guard: Guard, tmp_path: Path) -> None:
    guard.add_short_wallet("alice")
    plan = guard.approve(guard.plan())
    forge(guard, f"update claim_ops.plans set approved_by = 'omar' where plan_id = {plan}")
    answer = claimctl("export", str(plan), str(tmp_path / "evidence"), *on(guard))
    assert answer.exit_code == 1
    assert "problems.csv" in answer.stdout
    assert "no approval by omar" in rows(tmp_path / "evidence", "problems")[0]["problem"]
    assert claimctl("export", "99", str(tmp_path / "other"), *on(guard)).exit_code == 2
