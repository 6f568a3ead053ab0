{% macro is_young() -%}
    {#- Whether the transaction that wrote a row's version was not over at the last build;
        xid has no order of its own. -#}
    (
        xidsend(xmin) >= v_from and xidsend(xmin) < v_until
        or v_from > v_until and (xidsend(xmin) >= v_from or xidsend(xmin) < v_until)
    )
{%- endmacro %}


{% macro xid_bytes(xid) -%}
    decode(lpad(to_hex(mod({{ xid }}::text::numeric, 4294967296)::bigint), 8, '0'), 'hex')
{%- endmacro %}


{% macro find_changed_users(kept) %}
    {#- Statements that count the rows of the sources and leave the users of young ones in the table
        `due`. Where the first young row lies far behind, only what follows is read again. -#}
v_from := {{ claim_reconciliation.xid_bytes('v_kept.snapshot_xmin') }};
v_until := {{ claim_reconciliation.xid_bytes('pg_snapshot_xmax(v_snapshot)') }};
create temporary table scanned on commit drop as
{%- for source in claim_reconciliation.watched_sources() %}
select
    '{{ source.name }}' as source,
    count(*) filter (where {{ source.counts }}) as entries,
    case
        when exists (
            select 1 from pg_catalog.pg_inherits where inhparent = '{{ source.relation }}'::regclass
        )
            then '(0,0)'
        else min(ctid) filter (where {{ claim_reconciliation.is_young() | indent(8) }})
    end as first_young
from {{ source.relation }}
{{- ' union all' if not loop.last }}
{%- endfor %};
create unlogged table {{ kept.due }} as
select distinct user_id
from (
    {%- for source in claim_reconciliation.watched_sources() %}
    select {{ source.user }} as user_id
    from {{ source.relation }}
    where ctid >= (select first_young from scanned where source = '{{ source.name }}')
        and {{ claim_reconciliation.is_young() | indent(8) }}
    {{- ' union all' if not loop.last }}
    {%- endfor %}
) as young
where user_id is not null;
v_entries := (select sum(entries) from scanned where source <> 'user_wallet_balances');
v_wallets := (select entries from scanned where source = 'user_wallet_balances');
v_users := (select count(*) from {{ kept.due }});
{%- endmacro %}
