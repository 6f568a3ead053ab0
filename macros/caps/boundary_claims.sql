{% macro boundary_claims(claims, sku_catalog) %}
    {#- Claims of capped SKUs that fall in another week or month by the clocks of local_timezone than by those of
        cap_timezone, one row a claim and window type. Most are told by their date, which is cheap to compare. -#}
    {%- for window in claim_reconciliation.cap_windows() %}
select
    claims.tx_id,
    claims.user_id,
    claims.sku,
    claims.claimed_at,
    '{{ window.type }}' as window_type,
    {{ claim_reconciliation.cap_window_start(window, 'claims.claimed_at', var('local_timezone')) }} as window_start_local,
    {{ claim_reconciliation.cap_window_start(window, 'claims.claimed_at', var('cap_timezone')) }} as window_start_utc
from {{ claims }} as claims
inner join {{ sku_catalog }} as sku_catalog on claims.sku = sku_catalog.sku
where
    sku_catalog.{{ window.cap }} is not null
    and {{ claim_reconciliation.wall_time('claims.claimed_at', var('local_timezone')) }}::date
    <> {{ claim_reconciliation.wall_time('claims.claimed_at', var('cap_timezone')) }}::date
    and date_trunc('{{ window.type }}', {{ claim_reconciliation.wall_time('claims.claimed_at', var('local_timezone')) }})
    <> date_trunc('{{ window.type }}', {{ claim_reconciliation.wall_time('claims.claimed_at', var('cap_timezone')) }})
        {%- if not loop.last %}
union all
        {%- endif %}
    {%- endfor %}
{% endmacro %}
