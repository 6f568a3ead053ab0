"""The data: a year of claims and the wallets they led to, made in the database."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import psycopg
from psycopg import sql
from sandbox.service import create_tables

# Claims arrive in the order of time, from users in no order; the last is a day old, hence settled.
CLAIMS = sql.SQL("""
insert into purchase_claims (tx_id, user_id, sku, claimed_at)
select
    'tx-' || n,
    md5('user-' || floor(random() * %(wallets)s))::uuid::{user_id_type},
    case when random() < 0.5 then 'consumable_streakshield_1' else 'consumable_xp_booster_7d' end,
    now() - interval '1 day' - (1 - n::float8 / %(claims)s) * interval '364 days'
from generate_series(1, %(claims)s) as n
""")

# The n-th user is wrong where n * share steps over a whole number: by a shield too few, by one too
# many or, each tenth, for want of a wallet.
WALLETS = sql.SQL("""
insert into user_wallet_balances (user_id, streakshield_count, xp_booster_until, updated_at)
with

entitlements as (
    select
        user_id,
        count(*) filter (where sku = 'consumable_streakshield_1')::int as shields,
        max(claimed_at) filter (where sku = 'consumable_xp_booster_7d')
        + interval '168 hours' as booster_until,
        max(claimed_at) as last_claimed_at
    from purchase_claims
    group by user_id
),

users as (
    select
        md5('user-' || n)::uuid::{user_id_type} as user_id,
        floor((n + 1) * %(wrong_share)s)::int as faults,
        floor((n + 1) * %(wrong_share)s) > floor(n * %(wrong_share)s) as is_wrong
    from generate_series(0, %(wallets)s - 1) as n
)

select
    user_id,
    case
        when not is_wrong then coalesce(shields, 0)
        when shields > 0 and faults %% 2 = 0 then shields - 1
        else coalesce(shields, 0) + 1
    end,
    booster_until,
    coalesce(last_claimed_at, now() - interval '1 day')
from users
left join entitlements using (user_id)
where not (is_wrong and faults %% 10 = 0)
""")


INDEXES = """
select index_class.relname, pg_get_indexdef(pg_index.indexrelid)
from pg_index
join pg_class as index_class on index_class.oid = pg_index.indexrelid
where pg_index.indrelid = %s::text::regclass and not pg_index.indisprimary
"""


@dataclass(frozen=True)
class Sizes:
    """How large the claim service is, and how much of it is wrong."""

    claims: int
    wallets: int
    wrong_share: float
    user_id_type: str
    requests: tuple[int, ...]


def fill(connection: psycopg.Connection, sizes: Sizes) -> list[str]:
    """Make the service's tables with their keys only; return the DDL of the claims' indexes.

    Those are what the runbook creates "if missing": models are measured without them, then with.
    """
    create_tables(connection, user_id_type=sizes.user_id_type)
    indexes = drop_indexes(connection, "purchase_claims")
    connection.execute("select setseed(0.5)")
    for statement in (CLAIMS, WALLETS):
        typed = statement.format(user_id_type=sql.Identifier(sizes.user_id_type))
        psycopg.ClientCursor(connection).execute(typed, asdict(sizes))
    settle(connection)
    return indexes


def drop_indexes(connection: psycopg.Connection, table: str) -> list[str]:
    """Drop a table's indexes but for its key's; return their DDL."""
    indexes = connection.execute(INDEXES, [table]).fetchall()
    for name, _ in indexes:
        connection.execute(sql.SQL("drop index {}").format(sql.Identifier(name)))
    return [definition for _, definition in indexes]


def settle(connection: psycopg.Connection) -> None:
    """Leave no work of the loading to what is measured next."""
    connection.execute("vacuum analyze")
    connection.execute("checkpoint")
