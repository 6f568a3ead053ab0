{% macro wrong_wallets(discrepancies, writes) %}
    {#- The discrepancies with their item's kind, and when somebody other than the guard last
        changed the wallet: a repair that was rolled back leaves the cause as it was. No join for
        the kind: PostgreSQL would expect a hundredth of the rows, and loop over users. -#}
select
    discrepancies.*,
    case discrepancies.item
        {%- for item in claim_reconciliation.wallet_items() %}
        when '{{ item.name }}' then '{{ item.kind }}'
        {%- endfor %}
    end as kind,
    case
        when own.user_id is null then discrepancies.wallet_updated_at
        else own.wallet_changed_at
    end as changed_at
from {{ discrepancies }} as discrepancies
left join (
    select
        user_id,
        wallet_updated_at,
        max(wallet_changed_at) as wallet_changed_at
    from {{ writes }}
    where user_id in (select user_id from {{ discrepancies }})
    group by user_id, wallet_updated_at
) as own
    on discrepancies.user_id = own.user_id
    and discrepancies.wallet_updated_at = own.wallet_updated_at
{%- endmacro %}
