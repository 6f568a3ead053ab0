"""`claimctl analyse wallet_causes`: what the wallets that are wrong have in common."""

from __future__ import annotations

import pytest
from support.databases import Database
from support.dbt_project import DbtProject

SHIELD = "consumable_streakshield_1"
BOOSTER = "consumable_xp_booster_7d"
# Each user has a claim 30 hours ago and a wallet that changed with it, but where it is said.
FAULTS = f"""
create table cases as
select name || '-' || n as user_id, name, n from (values
    ('right', 20), ('backup', 12), ('lost', 3), ('spent', 5), ('given', 4), ('retried', 6),
    ('zoned', 6), ('unpaid', 2), ('walletless', 2), ('stacked', 2)
) as cases (name, users), generate_series(1, users) as n;
insert into purchase_claims (tx_id, user_id, sku, claimed_at)
select
    user_id || '-1',
    user_id,
    case when name in ('zoned', 'stacked') then '{BOOSTER}' else '{SHIELD}' end,
    date_trunc('hour', now()) - interval '30 hours' + n * interval '1 minute'
    - case name when 'backup' then interval '10 hours' else interval '0' end
from cases;
-- At the moment of the backup they had one shield; they lack two claims since.
insert into purchase_claims (tx_id, user_id, sku, claimed_at)
select user_id || '-0', user_id, '{SHIELD}', claimed_at - interval '1 hour'
from purchase_claims where user_id like 'backup-%';
insert into purchase_claims (tx_id, user_id, sku, claimed_at)
select tx_id || '-again', user_id, sku, claimed_at + interval '1 hour'
from purchase_claims where user_id like 'backup-%' and tx_id like '%-1';
insert into user_wallet_balances (user_id, streakshield_count, xp_booster_until, updated_at)
select
    cases.user_id,
    case
        when name in ('right', 'backup') then 1
        when name = 'unpaid' then 2
        when name in ('given', 'retried') then 3
        else 0
    end,
    claimed_at
    + case name when 'zoned' then interval '160 hours' when 'stacked' then interval '336 hours' end,
    case
        when name = 'backup' then claimed_at - interval '59 minutes'
        when name = 'lost' then claimed_at - interval '20 days'
        when name in ('spent', 'given') then claimed_at + interval '10 hours'
        else claimed_at + interval '5 minutes'
    end
from cases inner join purchase_claims on cases.user_id || '-1' = purchase_claims.tx_id
where name <> 'walletless';
insert into audit_purchases (tx_id, user_id, sku, status, purchased_at)
select tx_id, user_id, sku, 'NON_RENEWING_PURCHASE', claimed_at from purchase_claims
union all
select user_id || '-2', user_id, '{SHIELD}', 'NON_RENEWING_PURCHASE', now() - interval '29 hours'
from cases where name = 'unpaid';
"""


@pytest.mark.slow
def test_each_cause_is_told_from_the_others(database: Database, dbt: DbtProject) -> None:
    database.execute(FAULTS)
    outcome = dbt.build("--exclude-resource-type", "test")
    assert outcome.success, outcome.explain()
    compiled = dbt.run("compile", "--select", "wallet_causes")
    (node,) = compiled.nodes.values()
    rows = database.records(str(node.node.compiled_code))
    found = {
        (row["cause"], row["discrepancy_type"], row["item"]): (row["users"], row["median"])
        for row in rows
    }
    shield, booster = "streakshield", "xp_booster"
    assert found == {
        ("restored_backup", "short", shield): (12, -2),
        ("lost_update", "short", shield): (3, -1),
        ("hand_edit", "short", shield): (5, -1),
        ("hand_edit", "excess", shield): (4, 2),
        ("doubled_update", "excess", shield): (6, 2),
        ("time_zone", "short", booster): (6, -8),
        ("doubled_update", "excess", booster): (2, 168),
        ("unclaimed_purchase", "excess", shield): (2, 1),
        ("no_wallet_row", "missing_wallet", shield): (2, None),
    }
    first = rows[0]
    assert first["cause"] == "restored_backup"
    assert first["chapter_of_the_runbook"] == "A backup was restored"
    assert len(first["three_users"].split()) == 3
    (given,) = [
        row for row in rows if (row["cause"], row["discrepancy_type"]) == ("hand_edit", "excess")
    ]
    assert given["last_sku_before_change"] == SHIELD
    hour = database.value(
        "select to_char(date_trunc('hour', now()) - interval '20 hours', 'YYYY-MM-DD HH24:00')"
    )
    assert given["busiest_hours_of_change"] == f"{hour} (4)"
    assert given["in_flight"] == 0
