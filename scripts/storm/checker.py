"""Judges a storm by what the writers logged, what the service's history says, and the journal.

It shares no code with the guard: balances are counted here anew, and the order of events is that
of the wallet's own history, or of the commits where a transaction changed no wallet.
"""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, combinations, pairwise
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from storm.watch import LOGINS, Watch

Row = dict[str, Any]
BOOSTER_LASTS = timedelta(hours=168)
SHIELDS, BOOSTER = "streakshield_count", "xp_booster_until"
COLUMNS = (SHIELDS, BOOSTER)
# A commit's time is taken a moment before others see it.
SLACK = timedelta(milliseconds=300)
MOST_WAITED_SECONDS = 1.0
DEADLOCK = re.compile(r"Process (\d+): (.*)")
CLAIM_KINDS = ("claim_recovery", "queue_replay", "cap_override")


@dataclass
class Verdict:
    """What the checker counted, and each sentence about something that must not be."""

    counts: Counter[str] = field(default_factory=Counter)
    violations: list[str] = field(default_factory=list)

    def must(self, holds: bool, sentence: str) -> None:
        """Keep the sentence if it does not hold."""
        if not holds:
            self.violations.append(sentence)


class Facts:
    """All that is known when the storm is over."""

    def __init__(self, dsn: str, logs: Path) -> None:
        queries = (Path(__file__).parent / "facts.sql").read_text().split("-- facts: ")[1:]
        self.of: dict[str, list[Row]] = {}
        with psycopg.connect(dsn, row_factory=dict_row) as connection:
            connection.execute("set timezone = 'UTC'")
            for query in queries:
                name, _, text = query.partition("\n")
                self.of[name] = connection.execute(text.encode()).fetchall()
        self.writes = [
            json.loads(line) for file in sorted(logs.glob("*.jsonl")) for line in file.open()
        ]
        self.ledger: dict[str, list[Row]] = defaultdict(list)
        for row in self.of["ledger"]:
            self.ledger[row["user_id"]].append(row)
        self.groups: dict[str, list[Group]] = defaultdict(list)
        for row in self.of["wallets"]:
            groups = self.groups[row["user_id"]]
            if not groups or groups[-1].xid != row["xid"]:
                groups.append(Group(row, row["xid"], groups[-1] if groups else None))
            groups[-1].after = row["after"]
            groups[-1].written_at = row["written_at"]


@dataclass
class Group:
    """What one transaction did to one wallet: what stood there before and after it."""

    first: Row
    xid: str
    previous: Group | None
    after: Row | None = None
    written_at: datetime | None = None
    entry: Row | None = None

    @property
    def before(self) -> Row | None:
        """The wallet before the transaction."""
        value: Row | None = self.first["before"]
        return value

    @property
    def is_ours(self) -> bool:
        """Whether the guard did it."""
        return self.first["login"] in LOGINS


def check(facts: Facts, watch: Watch, server_log: str) -> Verdict:
    """Return what holds and what does not."""
    verdict = Verdict()
    _writers(facts, verdict)
    _claims(facts, verdict)
    _match_journal(facts, verdict)
    _lines(facts, verdict)
    _switches(facts, verdict)
    _outcomes(facts, verdict)
    _stored(facts, verdict)
    _waits(watch, server_log, facts, verdict)
    return verdict


def _writers(facts: Facts, verdict: Verdict) -> None:
    """Each acknowledged transaction is in the history, each other one at most once."""
    of_wallets, of_ledger = defaultdict(set), defaultdict(set)
    for row in facts.of["wallets"]:
        of_wallets[row["op"]].add(row["xid"])
    for row in facts.of["ledger"]:
        of_ledger[row["op"]].add(row["xid"])
    intents = {entry["op"]: entry for entry in facts.writes if entry["phase"] == "intent"}
    ended = {entry["op"]: entry for entry in facts.writes if entry["phase"] != "intent"}
    verdict.counts["writers' transactions"] = len(intents)
    for op, intent in intents.items():
        end = ended.get(op, {"phase": "lost"})
        verdict.counts[f"writers: {intent['what']} {end['phase']}"] += 1
        xids = of_wallets[op] | of_ledger[op]
        verdict.must(len(xids) <= 1, f"{op} was committed {len(xids)} times: {intent}")
        if end["phase"] == "ack":
            needs = {
                "upsert": of_wallets[op] and of_ledger[op],
                "half claim": of_ledger[op],
                "half wallet": of_wallets[op],
            }.get(intent["what"], True)
            if intent["what"] == "half wallet":
                needs = needs or _was_deleted_meanwhile(facts, intent, end)
            verdict.must(bool(needs), f"{op} was acknowledged and is gone: {intent}")
        if end["phase"] == "died":
            verdict.must(not xids, f"{op} failed and is there all the same: {intent}")
            # A cancelled late half, and writers that met each other.
            if end["code"] not in ("57014", "40P01", "23505"):
                verdict.violations.append(f"{op} died of {end['code']}: {end['detail']}")
    for row in facts.of["wallets"]:
        strange = row["op"] not in {*intents, "beginning"} and row["login"] not in LOGINS
        verdict.must(not strange, f"somebody unknown changed the wallet of {row['user_id']}")


def _was_deleted_meanwhile(facts: Facts, intent: Row, end: Row) -> bool:
    """Whether another writer deleted the wallet after the insert, which found it there.

    The update that follows changes no row then, as a service's would. The guard has no such excuse.
    """
    return any(
        row["after"] is None
        and row["user_id"] == intent["user_id"]
        and row["login"] not in LOGINS
        and intent["at"] <= row["written_at"].timestamp() <= end["at"]
        for row in facts.of["wallets"]
    )


def _claims(facts: Facts, verdict: Verdict) -> None:
    """No acknowledged claim is gone, none is there twice, and each is somebody's."""
    stored = Counter(row["tx_id"] for row in facts.of["claims"])
    ours_back = {
        claim["tx_id"]
        for entry in facts.of["journal"]
        if entry["event"] == "applied"
        for claim in entry["detail"].get("claims_taken_back", [])
    }
    ended = {
        entry["op"]
        for entry in facts.writes
        # What the switch or the caps refuse is answered, and no claim.
        if entry["phase"] == "ack" and (not entry["answer"] or entry["answer"][0] == "200")
    }
    for entry in facts.writes:
        if entry["phase"] != "intent" or "tx_id" not in entry or entry["op"] not in ended:
            continue
        if entry["what"] == "half wallet" or entry["tx_id"] in ours_back:
            continue
        verdict.counts["claims acknowledged"] += 1
        verdict.must(stored[entry["tx_id"]] == 1, f"the claim {entry['tx_id']} is lost: {entry}")
    inserts: Counter[str] = Counter()
    for row in facts.of["ledger"]:
        if row["source"] == "claim":
            inserts[row["id"]] += 1 if row["is_insert"] else -1
            by_us = row["login"] in LOGINS
            verdict.must(
                row["is_insert"] or by_us, f"the claim {row['id']} was deleted by {row['login']}"
            )
            verdict.counts["claims by the guard"] += by_us and row["is_insert"]
            verdict.counts["claims taken back"] += not row["is_insert"]
    for tx_id, count in inserts.items():
        verdict.must(
            count == stored[tx_id], f"{tx_id} was claimed {count} times, {stored[tx_id]} are there"
        )
    purchases = {row["tx_id"]: (row["user_id"], row["sku"]) for row in facts.of["purchases"]}
    for row in facts.of["claims"]:
        if not row["tx_id"].startswith("old-"):
            right = purchases.get(row["tx_id"]) == (row["user_id"], row["sku"])
            verdict.must(right, f"the claim {row['tx_id']} is not what was bought")


def _match_journal(facts: Facts, verdict: Verdict) -> None:
    """Each write of ours has its entry in the journal, each applied line its write."""
    by_user: dict[str, list[Row]] = defaultdict(list)
    for entry in facts.of["journal"]:
        if entry["event"] == "applied" and entry["user_id"] is not None:
            by_user[entry["user_id"]].append(entry)
    for user_id, groups in facts.groups.items():
        for group in groups:
            if not group.is_ours:
                continue
            committed_at = group.first["committed_at"]
            found = [
                entry
                for entry in by_user[user_id]
                if entry["committed_at"] == committed_at
                and group.first["began_at"] <= entry["written_at"] <= committed_at + SLACK
            ]
            verdict.must(len(found) == 1, f"{user_id}: a write of ours has {len(found)} entries")
            if found:
                group.entry = found[0]
                found[0]["group"] = group
    for entry in chain.from_iterable(by_user.values()):
        changes = entry["before"] != entry["after"] and entry["after"] != {}
        # A rollback of a line that only claimed leaves the wallet as it is.
        if changes:
            verdict.must("group" in entry, f"entry {entry['entry_id']} wrote no wallet: {entry}")


def _lines(facts: Facts, verdict: Verdict) -> None:
    """Each line wrote what was planned, over what was planned, and what the ledger says."""
    for user_id, groups in facts.groups.items():
        halves = list(_halves(facts, user_id))
        for group in groups:
            entry = group.entry
            if entry is None:
                continue
            verdict.counts[f"written: {entry['kind']}"] += 1
            named = set(entry["before"] or {}) | set(entry["after"] or {})
            what = f"{user_id}, plan {entry['plan_id']} ({entry['kind']}), line {entry['line_no']}"
            if entry["before"] is None:
                verdict.must(group.before is None, f"{what}: it created a wallet that was there")
            else:
                verdict.must(
                    _values(group.before, set(entry["before"])) == _parsed(entry["before"]),
                    f"{what}: over {group.before}, planned over {entry['before']}",
                )
            if entry["after"] is None:
                verdict.must(group.after is None, f"{what}: it did not delete the wallet")
            else:
                verdict.must(
                    _values(group.after, set(entry["after"])) == _parsed(entry["after"]),
                    f"{what}: {group.after} is not {entry['after']}",
                )
            if group.before and group.after:
                others = set(COLUMNS) - named
                verdict.must(
                    _values(group.before, others) == _values(group.after, others),
                    f"{what}: it changed another item",
                )
            if entry["kind"] == "rollback":
                _rollback(facts, group, entry, what, verdict)
            else:
                _ledger_agrees(facts, group, named, what, verdict)
                for first, second in halves:
                    at = group.first["committed_at"]
                    verdict.must(
                        not first + SLACK < at < second - SLACK,
                        f"{what}: written between the halves of a claim",
                    )


def _rollback(facts: Facts, group: Group, entry: Row, what: str, verdict: Verdict) -> None:
    """What a rollback takes back is the wallet's last write, and was written by that line."""
    reversed_entry = next(e for e in facts.of["journal"] if e["entry_id"] == entry["reverses"])
    verdict.must(
        (entry["before"], entry["after"]) == (reversed_entry["after"], reversed_entry["before"]),
        f"{what}: it is not the reverse of entry {entry['reverses']}",
    )
    verdict.must(
        group.previous is not None and group.previous.entry is reversed_entry,
        f"{what}: the last write before it was not the one that it takes back, but"
        f" {group.previous and group.previous.first}",
    )


def _ledger_agrees(
    facts: Facts, group: Group, named: set[str], what: str, verdict: Verdict
) -> None:
    """A correction or recovery leaves the items that it names as the ledger said at that moment."""
    assert group.after is not None
    certain, perhaps = [], []
    later_groups = {g.xid: g for g in facts.groups[group.first["user_id"]]}
    for row in facts.ledger[group.first["user_id"]]:
        theirs = later_groups.get(row["xid"])
        if row["xid"] == group.xid:
            certain.append(row)
        elif theirs is not None:
            if theirs.first["seq"] < group.first["seq"]:
                certain.append(row)
        elif row["committed_at"] < group.first["began_at"] - SLACK:
            certain.append(row)
        elif row["committed_at"] <= group.first["committed_at"]:
            perhaps.append(row)
    possible: dict[str, list[Any]] = defaultdict(list)
    for more in chain.from_iterable(combinations(perhaps, n) for n in range(len(perhaps) + 1)):
        said = _ledger(sorted([*certain, *more], key=lambda row: row["seq"]))
        for column in COLUMNS:
            possible[column].append(said[column])
    wrote = _values(group.after, set(COLUMNS))
    for column in named & set(COLUMNS):
        verdict.counts["balances compared with the ledger"] += 1
        verdict.must(
            wrote[column] in possible[column],
            f"{what}: it wrote {column} {wrote[column]}, the ledger says {possible[column][0]}",
        )


def _ledger(rows: list[Row]) -> Row:
    """Count what a wallet should hold after these entries."""
    shields, boosters = 0, set()
    for row in rows:
        if row["source"] == "adjustment":
            shields += row["quantity"]
        elif "shield" in row["sku"]:
            shields += 1 if row["is_insert"] else -1
        elif row["is_insert"]:
            boosters.add(row["at"])
        else:
            boosters.discard(row["at"])
    return {SHIELDS: shields, BOOSTER: max(boosters) + BOOSTER_LASTS if boosters else None}


def _halves(facts: Facts, user_id: str) -> Iterator[tuple[datetime, datetime]]:
    """Yield when the two commits of each claim in two commits were made."""
    names = facts.__dict__.get("half_names")
    if names is None:
        names = facts.__dict__["half_names"] = {
            entry["op"]: entry["tx_id"]
            for entry in facts.writes
            if entry["phase"] == "intent" and entry["what"].startswith("half")
        }
    times: dict[str, list[datetime]] = defaultdict(list)
    rows = [*facts.ledger[user_id], *(group.first for group in facts.groups[user_id])]
    for row in rows:
        if row["op"] in names:
            times[names[row["op"]]].append(row["committed_at"])
    for each in times.values():
        if len(each) == 2:
            yield min(each), max(each)


def _switches(facts: Facts, verdict: Verdict) -> None:
    """Each write of the switch has its entry, and leaves the other SKUs alone."""
    entries = [
        e for e in facts.of["journal"]
        if e["event"] == "applied" and e["user_id"] is None and e["line_no"] is not None
    ]  # fmt: skip
    for row in facts.of["switch"]:
        found = [e for e in entries if e["committed_at"] == row["committed_at"]]
        verdict.must(len(found) == 1, f"a switch has {len(found)} entries: {row}")
        for entry in found:
            verdict.counts["written: switch"] += 1
            right = row["after"] == {**row["before"], **entry["after"]}
            verdict.must(right, f"the switch {row} is not what plan {entry['plan_id']} said")


def _outcomes(facts: Facts, verdict: Verdict) -> None:
    """One outcome a line; a plan's state follows its lines."""
    outcomes: dict[tuple[int, int], list[str]] = defaultdict(list)
    reversals: dict[int, int] = {}
    entries: dict[int, list[Row]] = defaultdict(list)
    for entry in facts.of["journal"]:
        if entry["line_no"] is not None:
            outcomes[entry["plan_id"], entry["line_no"]].append(entry["event"])
            if entry["event"] == "skipped":
                verdict.counts[f"skipped: {entry['detail']['reason']}"] += 1
            else:
                verdict.counts["lines applied"] += 1
                entries[entry["plan_id"]].append(entry)
            if entry["reverses"]:
                verdict.must(
                    entry["reverses"] not in reversals,
                    f"entry {entry['reverses']} is reversed twice",
                )
                reversals[entry["reverses"]] = entry["entry_id"]
    for line, events in outcomes.items():
        verdict.must(len(events) == 1, f"line {line} has the outcomes {events}")

    def in_force(entry_id: int) -> bool:
        return entry_id not in reversals or not in_force(reversals[entry_id])

    for plan in facts.of["plans"]:
        plan_id, state = plan["plan_id"], plan["state"]
        verdict.counts[f"plans {state}"] += 1
        decided = sum(1 for line in outcomes if line[0] == plan_id)
        verdict.must(state != "applying", f"plan {plan_id} is still applying")
        if state == "applied":
            verdict.must(
                decided == plan["lines"], f"plan {plan_id} is applied, {decided} lines are"
            )
        stands = sum(in_force(entry["entry_id"]) for entry in entries[plan_id])
        if state == "rolled_back":
            verdict.must(not stands, f"plan {plan_id} is rolled back, {stands} lines stand")
        elif entries[plan_id]:
            verdict.must(stands > 0, f"plan {plan_id} is {state}, and none of its lines stands")


def _stored(facts: Facts, verdict: Verdict) -> None:
    """Each wallet is what its history says, and nothing of ours is left open."""
    wallets = {row["wallet"]["user_id"]: row["wallet"] for row in facts.of["stored"]}
    for user_id, groups in facts.groups.items():
        for before, after in pairwise(groups):
            verdict.must(before.after == after.before, f"{user_id}: the history has a gap")
        verdict.must(
            wallets.get(user_id) == groups[-1].after,
            f"{user_id}: {wallets.get(user_id)} is not what the history says: {groups[-1].after}",
        )
    for name in ("left_open", "locks"):
        verdict.must(not facts.of[name], f"left behind: {facts.of[name]}")


def _waits(watch: Watch, server_log: str, facts: Facts, verdict: Verdict) -> None:
    """No writer waited long for us, none died of a deadlock with us."""
    verdict.counts["looks at who waits for whom"] = watch.looks
    verdict.must(watch.looks > 0, "nobody looked who waits for whom")
    for wait in watch.waits:
        verdict.counts["waits of writers for the guard seen"] += 1
        verdict.must(
            wait.seconds <= MOST_WAITED_SECONDS,
            f"a writer waited {wait.seconds:.2f} s for the guard: {wait.told}",
        )
    for part in server_log.split("deadlock detected")[1:]:
        queries = [query for _, query in DEADLOCK.findall(part[:4000].split("STATEMENT")[0])]
        verdict.counts["deadlocks among writers"] += 1
        ours = [query for query in queries if "claim_ops." in query]
        verdict.must(not ours, f"a deadlock with the guard: {queries}")


def _parsed(values: Row) -> Row:
    return {
        name: datetime.fromisoformat(value) if name == BOOSTER and value else value
        for name, value in values.items()
    }


def _values(wallet: Row | None, columns: set[str]) -> Row:
    return _parsed({name: wallet[name] for name in columns & set(COLUMNS)}) if wallet else {}
