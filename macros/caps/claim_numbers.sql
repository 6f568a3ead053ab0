{% macro claim_numbers(claims, sku_catalog, plan_id=none, zone=none) %}
    {#- The how-many-eth of its user, SKU and window each claim is, in order of claimed_at and
        tx_id: one row a claim of a capped SKU and window type. Model and guard both call it, the
        guard over the claims of its users and those that it plans. Claims without a user belong to
        nobody's window. A claim of several units is as many: its number is that of its last
        unit. -#}
    {%- set units = claim_reconciliation.units_of('claims') -%}
    {%- set is_planned = plan_id ~ ' is not null' if plan_id else 'false' -%}
    {%- for window in claim_reconciliation.cap_windows() %}
select
    claims.tx_id,
    claims.user_id,
    claims.sku,
    claims.claimed_at,
    '{{ window.type }}' as window_type,
    {{ claim_reconciliation.cap_window_start(window, 'claims.claimed_at', zone) }} as window_start,
    sku_catalog.{{ window.cap }} as cap,
        {%- if plan_id %}
    {{ plan_id }} as plan_id,
        {%- endif %}
    {{ claim_reconciliation.running_claim_number(window, units, zone) | indent(4) }}
        as claim_number,
    {{ claim_reconciliation.running_claim_number(
        window, 'case when ' ~ is_planned ~ ' then 0 else ' ~ units ~ ' end', zone
    ) | indent(4) }} as unplanned_claim_number
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
        {%- if not loop.last %}
union all
        {%- endif %}
    {%- endfor %}
{% endmacro %}


{% macro running_claim_number(window, weight, zone) %}
    {#- A running sum of weights: within the calendar window,
        or of all claims less those that have left a rolling one. -#}
    {%- if var('cap_window') == 'rolling' and zone is none -%}
        sum({{ weight }}) over (
            partition by claims.user_id, claims.sku
            order by claims.claimed_at, claims.tx_id
            rows unbounded preceding
        ) - coalesce(sum({{ weight }}) over (
            partition by claims.user_id, claims.sku
            order by claims.claimed_at
            range between unbounded preceding and interval '{{ window.hours }} hours' preceding
        ), 0)
    {%- else -%}
        sum({{ weight }}) over (
            partition by claims.user_id, claims.sku,
                {{ claim_reconciliation.cap_window_start(window, 'claims.claimed_at', zone) }}
            order by claims.claimed_at, claims.tx_id
            rows unbounded preceding
        )
    {%- endif -%}
{% endmacro %}
