{% macro compute_all_users(target, kept, query, columns) %}
    {#- Statements that compute every user into new tables, and let the view read these. -#}
    {%- set quoted = [] -%}
    {%- for column in columns -%}
        {%- do quoted.append(adapter.quote(column)) -%}
    {%- endfor -%}
    {%- set new = claim_reconciliation.kept_tables(
        target.incorporate(path={'identifier': target.identifier ~ '__new'})
    ) -%}
create table {{ new.base }} as
select {{ quoted | join(', ') }} from (
    {{ query | indent(4) }}
) as balances;
create unique index on {{ new.base }} (user_id);
create table {{ new.live }} as
select balances.*, false as is_gone
from {{ new.base }} as balances
where not {{ claim_reconciliation.is_at_rest('balances', 'v_built_at') | indent(4) }};
create unique index on {{ new.live }} (user_id);
analyze {{ new.live }};
create table {{ new.totals }} as
{{ claim_reconciliation.balance_totals(
    '(select balances.*, true as is_settled, v_built_at as built_at from ' ~ new.base
    ~ ' as balances where '
    ~ claim_reconciliation.is_at_rest('balances', 'v_built_at') ~ ') as resting'
) }};
{#- A table with statistics: PostgreSQL expects five times as many, and hashes claims to disk. -#}
create unlogged table {{ kept.due }} as
select user_id
from {{ new.live }} as balances
where {{ claim_reconciliation.is_wrong('balances', 'v_built_at') | indent(4) }};
analyze {{ kept.due }};
create table {{ new.claims }} as
{{ claim_reconciliation.claims_of_users(
    ref('stg_claim_service__purchase_claims'), kept.due
) }};
drop table {{ kept.due }};
{{ claim_reconciliation.exchange_kept_tables(target, kept, new, columns) }}
delete from {{ kept.state }};
insert into {{ kept.state }}
select
    v_built_at, pg_snapshot_xmin(v_snapshot), v_rules, v_sources,
    {{ claim_reconciliation.kept_files(kept) }},
    rest.users + live.users, live.users, rest.entries, rest.wallets, coalesce(v_kept.checks, 0),
    '{}', 'All users were computed: ' || v_why_full || '.'
from (
    select
        count(*) as users, coalesce(sum(ledger_entries), 0) as entries,
        count(*) filter (where has_wallet) as wallets
    from {{ kept.base }} as balances
    where {{ claim_reconciliation.is_at_rest('balances', 'v_built_at') | indent(4) }}
) as rest
cross join (select count(*) as users from {{ kept.live }}) as live;
{%- endmacro %}


{% macro exchange_kept_tables(target, kept, new, columns) %}
    {#- Statements that let int_wallet_balances read the new tables, under the names of the old
        ones. A table of that name, of an earlier version, is left to the views on it until the run
        ends; a view whose columns no longer fit is made anew. -#}
    {%- set view -%}
create or replace view {{ target }} as
{{ claim_reconciliation.balances_view({
    'base': new.base, 'live': new.live, 'state': kept.state
}, columns) }}
    {%- endset -%}
if exists (
    select 1 from pg_catalog.pg_class where oid = to_regclass('{{ target }}') and relkind = 'r'
) then
    alter table {{ target }} rename to {{ adapter.quote(
        claim_reconciliation._retired_relation(target).identifier
    ) }};
elsif to_regclass('{{ target }}') is not null and to_regclass('{{ kept.base }}') is not null then
    execute $lock${{ claim_reconciliation.lock_views_of(kept.base) }}$lock$;
end if;
begin
    {{ view | indent(4) }};
exception when invalid_table_definition then
    drop view {{ target }} cascade;
    {{ view | indent(4) }};
end;
{%- for part in ['base', 'live', 'totals', 'claims'] %}
drop table if exists {{ kept[part] }};
alter table {{ new[part] }} rename to {{ adapter.quote(kept[part].identifier) }};
{%- endfor %}
{%- endmacro %}
