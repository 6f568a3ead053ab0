{% macro cap_usage(claims, sku_catalog) %}
    {#- Units claimed by user, SKU and window beside the cap;
        for rolling windows one row a claim. -#}
    {%- set units = 'count(*)' -%}
    {%- if claim_reconciliation.keeps_units() -%}
        {%- set units = 'sum(' ~ claim_reconciliation.units_of('claims') ~ ')::bigint' -%}
    {%- endif -%}
    {%- if var('cap_window') == 'rolling' -%}
select
    user_id,
    sku,
    window_type,
    window_start,
    claim_number::bigint as claims,
    cap,
    claim_number > cap as is_exceeded,
    claimed_at as last_claimed_at
from (
    {{ claim_reconciliation.claim_numbers(claims, sku_catalog) | indent(4) }}
) as numbered
    {%- else -%}
        {%- for window in claim_reconciliation.cap_windows() %}
select
    claims.user_id,
    claims.sku,
    '{{ window.type }}' as window_type,
    {{ claim_reconciliation.cap_window_start(window, 'claims.claimed_at') }} as window_start,
    {{ units }} as claims,
    {{ claim_reconciliation.last_cap(window) }} as cap,
    {{ units }} > {{ claim_reconciliation.last_cap(window) }} as is_exceeded,
    max(claims.claimed_at) as last_claimed_at
from {{ claims }} as claims
inner join (
    {{ claim_reconciliation.catalog_rows(sku_catalog) | indent(4) }}
) as sku_catalog
    on claims.sku = sku_catalog.sku
    and {{ claim_reconciliation.is_in_force('sku_catalog', 'claims.claimed_at') | indent(4) }}
where
    sku_catalog.{{ window.cap }} is not null
    and claims.user_id is not null
    and claims.claimed_at is not null
group by
    claims.user_id,
    claims.sku,
    {{ claim_reconciliation.cap_window_start(window, 'claims.claimed_at') }}
            {%- if not loop.last %}
union all
            {%- endif %}
        {%- endfor %}
    {%- endif %}
{% endmacro %}


{% macro last_cap(window) %}
    {#- The cap of a window of claims: as of its last claim,
        where the catalogue changed it meanwhile. -#}
    {{- claim_reconciliation.value_of_last(
        'sku_catalog.' ~ window.cap, ['claims.claimed_at', 'sku_catalog.valid_from']
    ) -}}
{%- endmacro %}
