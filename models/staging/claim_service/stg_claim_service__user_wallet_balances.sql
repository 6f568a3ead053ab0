{{ config(materialized='replaced_view') }}
-- Grain: one row a user who has a wallet. Each item's column takes the item's name.
with

source as (
    select * from {{ claim_reconciliation.service_table('user_wallet_balances') }}
    {{ claim_reconciliation.where_counts('user_wallet_balances') }}
),

final as (
    select
        {{ claim_reconciliation.service_column('user_wallet_balances', 'user_id') }},
        {%- for item in claim_reconciliation.wallet_items('quantity') %}
            {{ claim_reconciliation.wallet_value(item) }} as {{ item.name }}_quantity,
        {%- endfor %}
        {%- for item in claim_reconciliation.wallet_items('expiry') %}
            {{ claim_reconciliation.wallet_value(item) }} as {{ item.name }}_expires_at,
        {%- endfor %}
        {{ claim_reconciliation.service_column('user_wallet_balances', 'updated_at') }},
        {{ claim_reconciliation.service_column('user_wallet_balances', 'time_zone') }}
    from source
)

select * from final
