-- A SKU of the catalogue was claimed at a time that none of its rows covers: it counts for nothing,
-- and what it gave then is missing. Each row names the SKU and the time between the first and the
-- last of them.
-- depends_on: {{ ref('rpt_wallet_build') }}
with

sku_catalog as (
    {{ claim_reconciliation.catalog_rows(ref(var('sku_catalog_model'))) | indent(4) }}
),

-- Users with a claim that counts for no item, which is few or none.
uncounted as (
    select user_id
    from {{ ref('int_wallet_balances') }}
    where
        claims > 0
        {%- for item in claim_reconciliation.wallet_items() %}
            + {{ item.name }}_claims
        {%- endfor %}
)

select
    claims.sku,
    count(*) as claims,
    min(claims.claimed_at) as first_claimed_at,
    max(claims.claimed_at) as last_claimed_at
from {{ ref('stg_claim_service__purchase_claims') }} as claims
inner join uncounted on claims.user_id = uncounted.user_id
where
    claims.sku in (select sku_catalog.sku from sku_catalog)
    and not exists (
        select 1
        from sku_catalog
        where
            sku_catalog.sku = claims.sku
            and {{ claim_reconciliation.is_in_force(
                'sku_catalog', 'claims.claimed_at'
            ) | indent(12) }}
    )
group by claims.sku
