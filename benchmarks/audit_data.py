"""The audit trail beside the claims: as many rows, a few purchases refunded or never claimed."""

from __future__ import annotations

import psycopg

from benchmarks.data import drop_indexes, settle

# Every status is what the runbook's recovery looks for, so that its query does its whole work. Of a
# thousand claims one has no purchase and one was refunded; of a thousand purchases five have none.
AUDIT = """
insert into audit_purchases (tx_id, user_id, sku, status, purchased_at)
select tx_id, user_id, sku, 'INITIAL_PURCHASE', claimed_at - interval '2 seconds'
from purchase_claims
where right(tx_id, 3) <> '000'
union all
select tx_id, user_id, sku, 'REFUND', claimed_at + interval '1 hour'
from purchase_claims
where right(tx_id, 3) = '001'
union all
select 'unclaimed-' || tx_id, user_id, sku, 'INITIAL_PURCHASE', claimed_at + interval '5 minutes'
from purchase_claims
where right(tx_id, 3) in ('002', '003', '004', '005', '006')
"""


def fill_audit(connection: psycopg.Connection) -> None:
    """Fill the empty audit trail from the claims."""
    # Users come in no order: kept meanwhile, the index on them takes most of the time.
    indexes = drop_indexes(connection, "audit_purchases")
    connection.execute(AUDIT)
    for index in indexes:
        connection.execute(index.encode())
    settle(connection)
