{% macro crowded_users(claims, sku_catalog) %}
    {#- Who has exceeded a cap of what and when, one row a user and SKU: from the start of the first
        crowded window to the last claim in one. A window is crowded where the claim as many places
        before as its cap lies in it too. Only claims with another one within a month before them
        are placed: walking back costs more the farther it goes. Of claims of one moment the first
        is the one whose previous claim is earlier. It reads but the service's own index, where
        claims have no units; a claim of several stands there as often. -#}
    {{- return(adapter.dispatch('crowded_users', 'claim_reconciliation')(claims, sku_catalog)) -}}
{% endmacro %}


{% macro default__crowded_users(claims, sku_catalog) %}
select
    user_id,
    sku,
    min(least(
        {%- for window in claim_reconciliation.cap_windows() %}
        case
            when {{ claim_reconciliation.is_in_cap_window(
                window, window.type ~ '_claimed_at', 'claimed_at'
            ) | indent(16) }}
                then {{ claim_reconciliation.cap_window_start(window, 'claimed_at') }}
        end{{ ',' if not loop.last }}
        {%- endfor %}
    )) as first_window_start,
    max(claimed_at) as last_claimed_at
from (
    select
        near.user_id,
        near.sku,
        near.claimed_at,
        {%- for window in claim_reconciliation.cap_windows() %}
        case
            when sku_catalog.{{ window.cap }} < 1 then near.claimed_at
            else lag(near.previous_claimed_at, sku_catalog.{{ window.cap }} - 1) over in_order
        end as {{ window.type }}_claimed_at
        {{- ',' if not loop.last }}
        {%- endfor %}
    from (
        select *
        from (
            {{ claim_reconciliation.spaced_claims(claims, sku_catalog) | indent(12) }}
        ) as spaced
        where
            previous_claimed_at
            > {{ claim_reconciliation.hours_after('claimed_at', -31 * 24 - 25) }}
            or sku = any(
                array(select sku from {{ sku_catalog }} where least(weekly_cap, monthly_cap) < 1)
            )
    ) as near
    inner join (
        {{ claim_reconciliation.catalog_rows(sku_catalog) | indent(8) }}
    ) as sku_catalog
        on near.sku = sku_catalog.sku
        and {{ claim_reconciliation.is_in_force('sku_catalog', 'near.claimed_at') | indent(8) }}
    window
        in_order as (
            partition by near.user_id, near.sku
            order by near.claimed_at, near.previous_claimed_at nulls first
        )
) as placed
where
    {%- for window in claim_reconciliation.cap_windows() %}
    {{ 'or ' if not loop.first -}}
    {{ claim_reconciliation.is_in_cap_window(window, window.type ~ '_claimed_at', 'claimed_at')
        | indent(4) }}
    {%- endfor %}
group by user_id, sku
{% endmacro %}


{% macro spaced_claims(claims, sku_catalog) %}
    {#- The claims of capped SKUs, each beside the time of the one before it;
        one of several units as many times. -#}
select
    user_id,
    sku,
    claimed_at,
    lag(claimed_at) over (partition by user_id, sku order by claimed_at) as previous_claimed_at
from {{ claims }}
{%- if claim_reconciliation.keeps_units(['purchase_claims']) %}
cross join generate_series(1, {{ claim_reconciliation.units_of('', ['purchase_claims']) }}) as unit
{%- endif %}
where
    user_id is not null
    and sku = any(array(
        select sku from {{ sku_catalog }} where coalesce(weekly_cap, monthly_cap) is not null
    ))
{% endmacro %}


{% macro spark__crowded_users(claims, sku_catalog) -%}
    {#- Everybody with more claims of a SKU than a cap: Spark steps back by no number that a row
        holds, and what is too many costs it a part of a shuffle. -#}
select
    claims.user_id,
    claims.sku,
    min(least(
        {%- for window in claim_reconciliation.cap_windows() %}
        {{ claim_reconciliation.cap_window_start(window, 'claims.claimed_at') }}
        {{- ',' if not loop.last }}
        {%- endfor %}
    )) as first_window_start,
    max(claims.claimed_at) as last_claimed_at
from {{ claims }} as claims
inner join (
    select
        sku,
        min(least(weekly_cap, monthly_cap)) as least_cap
    from {{ sku_catalog }}
    group by sku
) as caps on claims.sku = caps.sku
where claims.user_id is not null
group by claims.user_id, claims.sku
having sum({{ claim_reconciliation.units_of('claims', ['purchase_claims']) }}) > min(caps.least_cap)
{%- endmacro %}
