"""The data of benchmarks/data.py on Spark: the same shape, made of hashes in the engine."""

from __future__ import annotations

import time
from math import ceil

from support.databases import MODELS_SCHEMA
from support.lake import SERVICE, Lake

from benchmarks.audit_data import AUDIT
from benchmarks.data import Sizes

# Columns and types as a snapshot writes them; the last two are there for models that look.
TABLES = {
    "purchase_claims": "tx_id string, user_id string, sku string, claimed_at timestamp",
    "user_wallet_balances": (
        "user_id string, streakshield_count int, xp_booster_until timestamp, updated_at timestamp"
    ),
    "audit_purchases": (
        "tx_id string, user_id string, sku string, status string, purchased_at timestamp"
    ),
    "function_metrics": (
        "`timestamp` timestamp, function_name string, status_code int, duration_ms double,"
        " error_code string"
    ),
    "store_config": "key string, value string",
}
SCANNED = ("purchase_claims", "user_wallet_balances", "audit_purchases")
ROWS_OF_A_FILE = 1_000_000
YEAR_MICROSECONDS = 364 * 86_400_000_000

USERS = """
select
    n,
    lower(concat_ws('-', substr(digest, 1, 8), substr(digest, 9, 4), substr(digest, 13, 4),
        substr(digest, 17, 4), substr(digest, 21))) as user_id
from ({numbers}) as numbers
"""
CLAIMS = """
insert into purchase_claims
select
    'tx-' || n,
    user_id,
    case
        when pmod(xxhash64(n, 'sku'), 2) = 0 then 'consumable_streakshield_1'
        else 'consumable_xp_booster_7d'
    end,
    timestamp_micros({end} - ({claims} - n) * {step})
from ({users}) as users
"""
CLAIMING = "id as n, md5('user-' || pmod(xxhash64(id, 'user'), {wallets})) as digest"
WALLETS = """
insert into user_wallet_balances
with

entitlements as (
    select
        user_id,
        cast(count(*) filter (where sku = 'consumable_streakshield_1') as int) as shields,
        max(claimed_at) filter (where sku = 'consumable_xp_booster_7d')
        + interval '168 hours' as booster_until,
        max(claimed_at) as last_claimed_at
    from purchase_claims
    group by user_id
),

users as (
    select
        user_id,
        cast(floor((n + 1) * {share}) as int) as faults,
        floor((n + 1) * {share}) > floor(n * {share}) as is_wrong
    from ({users}) as users
)

select
    users.user_id,
    case
        when not is_wrong then coalesce(shields, 0)
        when shields > 0 and faults % 2 = 0 then shields - 1
        else coalesce(shields, 0) + 1
    end,
    booster_until,
    coalesce(last_claimed_at, timestamp_micros({end}))
from users
left join entitlements on users.user_id = entitlements.user_id
where not (is_wrong and faults % 10 = 0)
"""
HOLDING = "id as n, md5('user-' || id) as digest"


def fill_lake(lake: Lake, sizes: Sizes) -> None:
    """Make the service's tables anew, as files of Parquet."""
    drop_lake(lake)
    end = int((time.time() - 86_400) * 1_000_000)
    claiming = f"select {CLAIMING.format(wallets=sizes.wallets)} from {_range(1, sizes.claims)}"
    holding = f"select {HOLDING} from {_range(0, sizes.wallets)}"
    lake.execute(
        f"create database {SERVICE}",
        f"use {SERVICE}",
        *(
            f"create table {name} ({columns}) using parquet options (compression 'zstd')"
            for name, columns in TABLES.items()
        ),
        CLAIMS.format(
            users=USERS.format(numbers=claiming),
            claims=sizes.claims,
            end=end,
            step=YEAR_MICROSECONDS // sizes.claims,
        ),
        WALLETS.format(users=USERS.format(numbers=holding), share=f"{sizes.wrong_share}D", end=end),
        AUDIT,
    )


def drop_lake(lake: Lake) -> None:
    """Drop the service's tables and the models, and with them their files."""
    lake.execute(
        *(f"drop database if exists {name} cascade" for name in (SERVICE, MODELS_SCHEMA)),
    )


def _range(first: int, rows: int) -> str:
    return f"range({first}, {first + rows}, 1, {max(2, ceil(rows / ROWS_OF_A_FILE))})"
