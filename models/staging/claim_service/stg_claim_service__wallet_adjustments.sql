{{ config(materialized='replaced_view') }}
-- Grain: one row an adjustment. Without the var has_wallet_adjustments: no row.
with

source as (
    {%- if var('has_wallet_adjustments') %}
        select * from {{ claim_reconciliation.service_table('wallet_adjustments') }}
    {%- else %}
        select
            null::text as adjustment_id,
            null::{{ var('user_id_data_type') }} as user_id,
            null::text as item,
            null::int as quantity,
            null::timestamptz as adjusted_at
        where false
    {%- endif %}
),

renamed as (
    select
        {{ claim_reconciliation.service_column('wallet_adjustments', 'adjustment_id') }},
        {{ claim_reconciliation.service_column('wallet_adjustments', 'user_id') }},
        {{ claim_reconciliation.service_column('wallet_adjustments', 'item') }},
        {{ claim_reconciliation.service_column('wallet_adjustments', 'quantity') }},
        {{ claim_reconciliation.service_column('wallet_adjustments', 'adjusted_at') }}
    from source
),

final as (
    select * from renamed
    where {{ claim_reconciliation.up_to_as_of('adjusted_at') }}
)

select * from final
