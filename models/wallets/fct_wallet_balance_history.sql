{{ config(
    materialized='view' if var('as_of', none) else 'incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    full_refresh=false,
    post_hook=[] if var('as_of', none) else [
        "delete from {{ this }} where built_at < "
        ~ claim_reconciliation.hours_after(
            claim_reconciliation.current_time(),
            -24 * claim_reconciliation.number_var('wallet_history_days')
        )
    ],
) }}
-- Grain: one row a build and item, the row of rpt_wallet_balance_health as of that build. Nothing
-- computes a past build again, so that the table is only appended to. A look back appends nothing:
-- there it is a view of its own build.
with

health as (
    select * from {{ ref('rpt_wallet_balance_health') }}
),

final as (
    select * from health
    {%- if is_incremental() %}
        where built_at > (
            select coalesce(max(history.built_at), '-infinity') from {{ this }} as history
        )
    {%- endif %}
)

select * from final
