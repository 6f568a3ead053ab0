{{ config(materialized='parallel_table') }}
-- Grain: one row. When, as of when and with which settings the wallets were compared. Nothing
-- depends on this model: assertions about production name it beside what they read, so that their
-- failure keeps dbt from building nothing.
with

totals as (
    {{ claim_reconciliation.all_balance_totals(ref('int_wallet_balances')) | indent(4) }}
),

sku_catalog as (
    {{ claim_reconciliation.catalog_rows(ref(var('sku_catalog_model'))) | indent(4) }}
),

counted as (
    select
        coalesce(max(built_at), {{ claim_reconciliation.current_time() }}) as built_at,
        coalesce(max(users), 0) as users,
        coalesce(max(wallets), 0) as wallets
    from totals
),

final as (
    select
        built_at,
        {%- if var('as_of', none) %}
            {{ claim_reconciliation.moment(var("as_of")) }} as as_of,
        {%- else %}
            {{ claim_reconciliation.typed('null', 'timestamptz') }} as as_of,
        {%- endif %}
        users,
        wallets,
        '{{ claim_reconciliation.build_settings() }}' as settings,
        {{ claim_reconciliation.build_settings_digest('sku_catalog') | indent(8) }}
            as settings_digest,
        '{{ claim_reconciliation.found_parts() }}' as found,
        {{ claim_reconciliation.models_too_old_at('built_at') }} as too_old_at
    from counted
)

select * from final
