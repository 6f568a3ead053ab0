{% macro claims_of_wrong(wrong, claims, sku_catalog) %}
    {#- The claims of users whose wallets are wrong, of any SKU, with what each gives. -#}
select
    claims.user_id,
    claims.tx_id,
    claims.claimed_at,
    sku_catalog.item,
    {{ claim_reconciliation.times_units('sku_catalog.quantity', 'claims', ['purchase_claims']) }}
        as quantity,
    {{ claim_reconciliation.times_units(
        'sku_catalog.quantity * sku_catalog.duration_hours', 'claims', ['purchase_claims']
    ) }} as hours
from (select distinct user_id from {{ wrong }}) as users
inner join {{ claim_reconciliation.kept_claims(wrong, claims) | indent(4) }} as claims
    on users.user_id = claims.user_id
left join (
    {{ claim_reconciliation.catalog_rows(sku_catalog) | indent(4) }}
) as sku_catalog
    on claims.sku = sku_catalog.sku
    and {{ claim_reconciliation.is_in_force('sku_catalog', 'claims.claimed_at') | indent(4) }}
{%- endmacro %}


{% macro kept_claims(wrong, claims) %}
    {#- Where the claims of wrong users are read: what the build of the balances left of them, which
        saves another pass over the history. If another build has come since the discrepancies,
        it has dropped the claims of whoever is right now: then the history is read, which is not
        touched otherwise, nor where nothing is wrong. The rows of a unit test nobody has built. -#}
    {%- set balances = ref('int_wallet_balances') -%}
    {%- if not claim_reconciliation.keeps_totals(balances) -%}
        {{ claims }}
    {%- else -%}
    {%- set kept = claim_reconciliation.kept_tables(balances) -%}
    {%- set is_of_another_build -%}
        (
            select bool_or(built_at is distinct from (select built_at from {{ kept.state }}))
            from {{ wrong }}
        )
    {%- endset -%}
(
    select * from {{ kept.claims }} where {{ is_of_another_build }} is not true
    union all
    select * from {{ claims }} where {{ is_of_another_build }}
)
    {%- endif -%}
{%- endmacro %}


{% macro purchases_of_wrong(wrong, audit) %}
    {#- The purchases, with each status, of users whose wallets hold too much. -#}
select audit.*
from {{ audit }} as audit
inner join (select distinct user_id from {{ wrong }} where discrepancy_type = 'excess') as users
    on audit.user_id = users.user_id
{%- endmacro %}


{% macro failed_updates(equal_states, metrics) %}
    {#- The users who lack one entry, a claim beside which the service's log says that a wallet
        could not be updated. -#}
select distinct equal.user_id, equal.item
from {{ equal_states }} as equal
inner join {{ metrics }} as metrics
    on metrics.requested_at between {{ claim_reconciliation.minutes_after(
        'equal.equal_until', -1
    ) }}
        and {{ claim_reconciliation.minutes_after('equal.equal_until', 1) }}
where equal.lost_entries = 1 and metrics.error_code = 'wallet_update_error'
{%- endmacro %}
