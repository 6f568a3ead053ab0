{% macro crowded_users(claims, sku_catalog) %}
    {#- Who has exceeded a cap of what, one row a user and SKU: the claim that many places before lies in the window of a
        later one. It needs claims in the order of the service's own index and nothing but its columns. -#}
select distinct
    user_id,
    sku
from (
    select
        claims.user_id,
        claims.sku,
        claims.claimed_at,
        {%- for window in claim_reconciliation.cap_windows() %}
        lag(claims.claimed_at, sku_catalog.{{ window.cap }}) over in_order as {{ window.type }}_claimed_at
        {{- ',' if not loop.last }}
        {%- endfor %}
    from {{ claims }} as claims
    inner join {{ sku_catalog }} as sku_catalog on claims.sku = sku_catalog.sku
    where
        claims.user_id is not null
        and coalesce(sku_catalog.weekly_cap, sku_catalog.monthly_cap) is not null
    window in_order as (partition by claims.user_id, claims.sku order by claims.claimed_at)
) as spaced
where
    {%- for window in claim_reconciliation.cap_windows() %}
    {{ 'or ' if not loop.first -}}
    {{ claim_reconciliation.is_in_cap_window(window, window.type ~ '_claimed_at', 'claimed_at') | indent(4) }}
    {%- endfor %}
{% endmacro %}
