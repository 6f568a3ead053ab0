{{ config(materialized='parallel_table', pre_hook='set local random_page_cost = 1.1') }}
-- Grain: one row a user and item whose wallet is wrong, with the probable cause. Of claims,
-- purchases and the service's log it reads what belongs to the wrong users, never the history.
{%- set found, writes = ref('fct_wallet_discrepancies'), ref('stg_claim_ops__wallet_writes') %}
{%- set claims = ref('stg_claim_service__purchase_claims') %}
{%- set audit = ref('stg_claim_service__audit_purchases') %}
{%- set adjustments = ref('stg_claim_service__wallet_adjustments') %}
{%- set catalog, log = ref(var('sku_catalog_model')), ref('stg_claim_service__function_metrics') %}
with

wrong as materialized (
    {{ claim_reconciliation.wrong_wallets(found, writes) | indent(4) }}
),

their_claims as materialized (
    {{ claim_reconciliation.claims_of_wrong('wrong', claims, catalog) | indent(4) }}
),

their_purchases as materialized (
    {{ claim_reconciliation.purchases_of_wrong('wrong', audit) | indent(4) }}
),

changes as materialized (
    {{ claim_reconciliation.wallet_changes('wrong', 'their_claims') | indent(4) }}
),

states as materialized (
    {{ claim_reconciliation.ledger_states('wrong', 'their_claims', adjustments) | indent(4) }}
),

equal_states as materialized (
    {{ claim_reconciliation.equal_states('wrong', 'states') | indent(4) }}
),

failed as materialized (
    {{ claim_reconciliation.failed_updates('equal_states', log) | indent(4) }}
),

backups as materialized (
    {{ claim_reconciliation.restored_backups(
        'wrong', 'changes', 'equal_states', 'their_claims', 'failed'
    ) | indent(4) }}
),

doubled as materialized (
    {{ claim_reconciliation.doubled_claims('wrong', 'changes', 'their_claims', 'their_purchases')
        | indent(4) }}
),

unclaimed as materialized (
    {{ claim_reconciliation.unclaimed_credits(
        'wrong', 'their_purchases', catalog, claims, ref('stg_claim_service__uncounted_claims')
    ) | indent(4) }}
),

facts as (
    {{ claim_reconciliation.cause_facts('wrong') | indent(4) }}
),

judged as (
    select
        *,
        {{ claim_reconciliation.probable_cause() | indent(8) }} as probable_cause
    from facts
),

final as (
    select
        user_id,
        item,
        discrepancy_type,
        probable_cause,
        {{ claim_reconciliation.cause_evidence() | indent(8) }} as cause_evidence,
        {{ claim_reconciliation.cause_at() | indent(8) }} as cause_at,
        is_settled,
        built_at
    from judged
)

select * from final
