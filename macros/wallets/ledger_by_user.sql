{% macro ledger_by_user(claims, adjustments, sku_catalog) %}
    {#- The ledger summed up: one row a user with claims or adjustments, five columns an item. This
        is the only place where a balance is computed; model and guard both call it. The arguments
        name relations or CTEs with the columns of the staging models. An item is compared once a
        SKU, not once a claim, and without adjustments there is no union: both are felt at five
        million claims. -#}
    {%- set of = ['purchase_claims'] %}
select
    user_id,
    count(*) as entries,
    count(claimed_at) as claims,
    max(claimed_at) as last_claimed_at,
    max(occurred_at) as last_ledger_at
    {%- for item in claim_reconciliation.wallet_items() %}
    {%- set entry = 'filter (where is_' ~ item.name ~ ')' %}
    {%- set claim = 'filter (where is_' ~ item.name ~ ' and claimed_at is not null)' %},
    count(claimed_at) {{ entry }} as {{ item.name }}_claims,
    sum(quantity) {{ claim if claim_reconciliation.has_source('wallet_adjustments') else entry }}
        as {{ item.name }}_quantity_claimed,
    min(claimed_at) {{ entry }} as {{ item.name }}_first_claimed_at,
    max(claimed_at) {{ entry }} as {{ item.name }}_last_claimed_at,
    {%- if item.kind == 'quantity' %}
    sum(quantity) {{ entry }} as {{ item.name }}_expected_quantity
    {%- else %}
    max(expires_at) {{ entry }} as {{ item.name }}_expected_expires_at
    {%- endif %}
    {%- endfor %}
from (
    select
        entries.*,
        {{ claim_reconciliation.booster_expires_at() }} as expires_at
    from (
        select
            claims.user_id,
            claims.claimed_at,
            claims.claimed_at as occurred_at,
            catalog.catalog_sku,
            catalog.item,
            {{ claim_reconciliation.times_units('catalog.quantity', 'claims', of) }} as quantity,
            {{ claim_reconciliation.times_units('catalog.duration_hours', 'claims', of) }}
                as duration_hours
            {%- for item in claim_reconciliation.wallet_items() %},
            catalog.is_{{ item.name }}
            {%- endfor %}
        from {{ claims }} as claims
        left join (
            {{ claim_reconciliation.catalog_by_item(sku_catalog) | indent(12) }}
        ) as catalog
            on claims.sku = catalog.catalog_sku
            and {{ claim_reconciliation.is_in_force('catalog', 'claims.claimed_at') | indent(12) }}
        {%- if claim_reconciliation.has_source('wallet_adjustments') %}
        union all
        {{ claim_reconciliation.adjustments_by_item(adjustments) | indent(8) }}
        {%- endif %}
    ) as entries
) as ledger
where user_id is not null
group by user_id
{% endmacro %}


{% macro catalog_by_item(sku_catalog) %}
    {#- What a claim of one unit of a SKU gives, with a flag an item. -#}
select
    sku as catalog_sku,
    item,
    quantity,
    quantity * duration_hours as duration_hours,
    valid_from,
    valid_to
    {%- for item in claim_reconciliation.wallet_items() %},
    item = '{{ item.name }}' as is_{{ item.name }}
    {%- endfor %}
from (
    {{ claim_reconciliation.catalog_rows(sku_catalog) | indent(4) }}
) as catalog_rows
{%- endmacro %}


{% macro adjustments_by_item(adjustments) %}
    {#- What an adjustment gives or takes, with the columns of a claim and its row of
        catalog_by_item: units of a quantity item, hours of an expiry item. -#}
select
    user_id,
    null as claimed_at,
    adjusted_at as occurred_at,
    null as catalog_sku,
    item,
    quantity,
    {{ claim_reconciliation.adjusted_hours() }} as duration_hours
    {%- for item in claim_reconciliation.wallet_items() %},
    item = '{{ item.name }}' as is_{{ item.name }}
    {%- endfor %}
from {{ adjustments }}
{%- endmacro %}


{% macro adjusted_hours() %}
    {#- The hours of an adjustment, where its item is one that expires. -#}
    {%- set timed = [] -%}
    {%- for item in claim_reconciliation.wallet_items('expiry') -%}
        {%- do timed.append(item.name) -%}
    {%- endfor -%}
    {{- return(
        'case when item in ' ~ claim_reconciliation.quoted_list(timed) ~ ' then quantity end'
    ) -}}
{% endmacro %}
