{% macro wrong_wallets(discrepancies, writes) %}
    {#- The discrepancies with their item's kind, and when somebody other than the guard last
        changed the wallet: a repair that was rolled back leaves the cause as it was. -#}
select
    discrepancies.*,
    items.kind,
    case
        when own.user_id is null then discrepancies.wallet_updated_at
        else own.wallet_changed_at
    end as changed_at
from {{ discrepancies }} as discrepancies
inner join (
    values
    {%- for item in claim_reconciliation.wallet_items() %}
    ('{{ item.name }}', '{{ item.kind }}'){{ ',' if not loop.last }}
    {%- endfor %}
) as items (item, kind) on discrepancies.item = items.item
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
