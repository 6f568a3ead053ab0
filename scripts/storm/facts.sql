-- facts: wallets
select
    seq, user_id, op, login::text, xid::text as xid, began_at, written_at,
    pg_xact_commit_timestamp(xid::xid) as committed_at, before, after
from storm.wallets order by seq;
-- facts: ledger
select
    seq, source, id, user_id, sku, quantity, at, is_insert, op, login::text, xid::text as xid,
    began_at, pg_xact_commit_timestamp(xid::xid) as committed_at
from storm.ledger order by seq;
-- facts: switch
select
    seq, login::text, xid::text as xid, began_at,
    pg_xact_commit_timestamp(xid::xid) as committed_at, before, after
from storm.switch order by seq;
-- facts: journal
select
    journal.entry_id, journal.event, journal.plan_id, plans.kind, journal.line_no, journal.user_id,
    journal.before, journal.after, journal.reverses, journal.detail, journal.written_at,
    pg_xact_commit_timestamp(journal.xmin) as committed_at
from claim_ops.journal left join claim_ops.plans using (plan_id) order by entry_id;
-- facts: plans
select plan_id, kind, state, lines from claim_ops.plans order by plan_id;
-- facts: lines
select plan_id, line_no, user_id, before, after, details from claim_ops.plan_lines;
-- facts: claims
select tx_id, user_id, sku, claimed_at from public.purchase_claims;
-- facts: stored
select to_jsonb(stored) as wallet from public.user_wallet_balances as stored;
-- facts: left_open
select usename::text as login, state, query from pg_stat_activity
where usename in ('maker', 'checker', 'runner') and datname = current_database();
-- facts: locks
select relation::regclass::text as relation, mode, granted from pg_locks
where
    pid <> pg_backend_pid()
    and database = (select oid from pg_database where datname = current_database())
    and relation >= 16384;
-- facts: purchases
select tx_id, user_id, sku from public.audit_purchases;
-- facts: head
select value as switch from public.store_config where key = 'sku_enabled';
