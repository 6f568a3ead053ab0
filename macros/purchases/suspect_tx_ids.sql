{% macro suspect_tx_ids(audit, claims) %}
    {#- The tx_ids whose purchase and claim need a look, null among them where the trail has such rows. A comparison with
        one verdict, because the planner then expects few of them and reads both tables just once more. -#}
select distinct tx_id
from (
    select
        coalesce(audit.tx_id, claims.tx_id) as tx_id,
        case
            when
                audit.user_id = claims.user_id
                and audit.sku = claims.sku
                and {{ claim_reconciliation.is_payment('audit.status') }}
                then 'right'
            else 'suspect'
        end as verdict
    from {{ audit }} as audit
    full outer join {{ claims }} as claims on audit.tx_id = claims.tx_id
) as pairs
where verdict = 'suspect'
{% endmacro %}
