{% macro source_faults() %}
    {#- What no claim service should hold, by source: {fault: condition on its staging view}. What a
        test of its own finds is left out. -#}
    {%- set claims = {
        'no tx_id': 'tx_id is null', 'no sku': 'sku is null', 'no claimed_at': 'claimed_at is null'
    } -%}
    {%- do claims.update(claim_reconciliation.impossible_time('a', 'claimed_at')) -%}
    {%- set wallets = {'no user_id': 'user_id is null'} -%}
    {%- do wallets.update(claim_reconciliation.impossible_time('an', 'updated_at')) -%}
    {%- for item in claim_reconciliation.wallet_items('quantity') -%}
        {%- do wallets.update({'a negative ' ~ item.name: item.name ~ '_quantity < 0'}) -%}
    {%- endfor -%}
    {%- set adjustments = {
        'no user_id': 'user_id is null', 'no quantity': 'quantity is null',
        'no adjusted_at': 'adjusted_at is null',
    } -%}
    {%- do adjustments.update(claim_reconciliation.impossible_time('an', 'adjusted_at')) -%}
    {%- set is_recent = 'requested_at between '
        ~ claim_reconciliation.hours_after(claim_reconciliation.current_time(), -48)
        ~ ' and ' ~ claim_reconciliation.current_time() -%}
    {{- return({
        'purchase_claims': claims,
        'user_wallet_balances': wallets,
        'audit_purchases': claim_reconciliation.impossible_time('a', 'purchased_at'),
        'wallet_adjustments': adjustments,
        'queued_purchases': claim_reconciliation.impossible_time('a', 'received_at'),
        'function_metrics': dict(
            claim_reconciliation.impossible_time('a', 'requested_at'),
            **{
                'no status of HTTP': is_recent ~ ' and status_code not between 100 and 599',
                'a negative duration_ms': is_recent ~ ' and duration_ms < 0',
            }
        ),
    }) -}}
{% endmacro %}


{% macro impossible_time(article, column) %}
    {#- The fault of a time that cannot be: infinite, before 2000, or more than a year ahead. -#}
    {{- return({
        article ~ ' ' ~ column ~ ' that cannot be': column ~ " < '2000-01-01 00:00:00+00' or "
        ~ column ~ ' > '
        ~ claim_reconciliation.hours_after(claim_reconciliation.current_time(), 8784),
    }) -}}
{% endmacro %}


{% macro rows_with_faults(views) %}
    {#- A query for how many rows have each fault. Each view is read once,
        but for what no key keeps from being doubled. -#}
    {%- set sources = claim_reconciliation.source_faults() -%}
with
    {%- for source, faults in sources.items() %}
{{ source }} as (
    select
        {%- for condition in faults.values() %}
        count(*) filter (where {{ condition }}) as fault_{{ loop.index }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ views[source] }}
    {{ 'where ' ~ faults.values() | join(' or ') if source == 'function_metrics' }}
){{ ',' if not loop.last }}
    {%- endfor %}
    {%- for source, faults in sources.items() %}
        {%- for fault in faults %}
select '{{ source }}' as source, '{{ fault }}' as fault, fault_{{ loop.index }} as faulty_rows
from {{ source }}
union all
        {%- endfor %}
    {%- endfor %}
    {%- for source, key in [('purchase_claims', 'tx_id'), ('user_wallet_balances', 'user_id')] %}
select '{{ source }}', 'a {{ key }} twice', count(*)
from (
    select {{ key }} from {{ views[source] }}
    where {{ key }} is not null and not {{ claim_reconciliation.has_unique_key(
        "'" ~ claim_reconciliation.service_table(source).include(database=false) ~ "'::regclass",
        "'" ~ claim_reconciliation.mapped_column(source, key) ~ "'"
    ) | indent(4) }}
    group by {{ key }}
    having count(*) > 1
) as doubled
        {{- ' union all' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
