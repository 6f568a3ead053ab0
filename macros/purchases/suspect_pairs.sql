{% macro suspects(audit, claims) %}
    {#- The CTEs of fct_purchase_discrepancies that hold the tx_ids that need a look: suspects,
        suspect_claims and suspect_audit. -#}
suspects as (
    {{ claim_reconciliation.suspect_pairs(audit, claims) | indent(4) }}
),

suspect_claims as (
    {{ claim_reconciliation.claims_of_pairs('suspects') | indent(4) }}
),

suspect_audit as (
    {{ claim_reconciliation.statuses_of_pairs('suspects', audit) | indent(4) }}
),
{%- endmacro %}


{% macro suspect_pairs(audit, claims) %}
    {#- Statuses beside their claims, but for payments that name just what the claim gave. A status
        without a claim is here whatever it says. A comparison with one verdict, because the planner
        then expects few rows. -#}
select *
from (
    select
        audit.tx_id,
        audit.user_id,
        audit.sku,
        audit.status,
        audit.purchased_at,
        audit.units,
        claims.tx_id as claim_tx_id,
        claims.user_id as claim_user_id,
        claims.sku as claim_sku,
        claims.claimed_at,
        claims.units as claim_units,
        case
            when
                audit.user_id = claims.user_id
                and audit.sku = claims.sku
                {%- if claim_reconciliation.keeps_units() %}
                and {{ claim_reconciliation.units_of('audit') }}
                = {{ claim_reconciliation.units_of('claims') }}
                {%- endif %}
                and {{ claim_reconciliation.is_payment('audit.status') }}
                then 'right'
            else 'suspect'
        end as verdict
    from {{ audit }} as audit
    full outer join {{ claims }} as claims on audit.tx_id = claims.tx_id
) as pairs
where verdict = 'suspect'
{% endmacro %}


{% macro claims_of_pairs(pairs) %}
    {#- The claims in rows of suspect_pairs, each once. -#}
select distinct
    claim_tx_id as tx_id,
    claim_user_id as user_id,
    claim_sku as sku,
    claimed_at,
    claim_units as units
from {{ pairs }}
where claim_tx_id is not null
{%- endmacro %}


{% macro statuses_of_pairs(pairs, audit) %}
    {#- The statuses in rows of suspect_pairs, and where there is a claim the payments that are
        right as well: with few tx_ids to look up, as the comparison tells the planner. -#}
select
    tx_id,
    user_id,
    sku,
    status,
    purchased_at,
    units
from {{ pairs }}
where claim_tx_id is null
union all
select audit.*
from {{ audit }} as audit
inner join (
    select distinct tx_id
    from {{ pairs }}
    where tx_id = claim_tx_id
) as with_claim on audit.tx_id = with_claim.tx_id
{%- endmacro %}
