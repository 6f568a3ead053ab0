{{ config(
    materialized='view' if var('as_of', none) else 'incremental',
    incremental_strategy='merge',
    unique_key=['user_id', 'item', 'first_found_at'],
    indexes=[
        {'columns': ['user_id', 'item', 'first_found_at'], 'unique': true},
        {'columns': ['ended_at']},
    ],
    on_schema_change='append_new_columns',
    full_refresh=false,
    pre_hook="{{ 'lock table ' ~ this ~ ' in share row exclusive mode'"
        " if is_incremental() else 'select 1' }}",
    post_hook=[] if var('as_of', none) else [
        "delete from {{ this }} where ended_at < "
        ~ claim_reconciliation.hours_after(
            claim_reconciliation.current_time(),
            -24 * claim_reconciliation.number_var('wallet_history_days')
        )
    ],
) }}
-- Grain: one row an episode, in which the balance of a user's item was wrong in each build. A build
-- lengthens those that go on, ends the others and begins new ones. Of two builds at once one waits
-- for the other's lock, and one that is older than what is kept adds nothing. A look back has the
-- episodes of its own build.
{%- set discrepancies, health = ref('fct_wallet_discrepancies'), ref('rpt_wallet_balance_health') %}
{%- set causes, writes = ref('fct_discrepancy_causes'), ref('stg_claim_ops__wallet_writes') %}
with

found as (
    {{ claim_reconciliation.found_discrepancies(discrepancies, causes) | indent(4) }}
),
{%- if is_incremental() %}

    kept as (
        select * from {{ this }}
        where ended_at is null
    ),

    builds as (
        {{ claim_reconciliation.next_build(this, discrepancies, health) | indent(8) }}
    ),

    final as (
        {{ claim_reconciliation.begun_episodes('found', 'builds', 'kept') | indent(8) }}
        union all
        {{ claim_reconciliation.lengthened_episodes('kept', 'found', 'builds') | indent(8) }}
        union all
        {{ claim_reconciliation.episode_ends('kept', 'found', 'builds', writes, discrepancies)
            | indent(8) }}
        union all
        {{ claim_reconciliation.revised_episodes(this, writes) | indent(8) }}
    )
{%- else %}

    final as (
        {{ claim_reconciliation.begun_episodes('found') | indent(8) }}
    )
{%- endif %}

select * from final
