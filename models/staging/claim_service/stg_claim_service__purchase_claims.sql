{{ config(materialized='replaced_view') }}
{%- set claimed_at = claim_reconciliation.service_value('purchase_claims', 'claimed_at') %}
{%- set and_counts = claim_reconciliation.and_counts('purchase_claims') %}
-- Grain: one row a claim. One plain select, because PostgreSQL uses no index's order through a view
-- that has a CTE.
select
    {{ claim_reconciliation.service_column('purchase_claims', 'tx_id') }},
    {{ claim_reconciliation.service_column('purchase_claims', 'user_id') }},
    {{ claim_reconciliation.service_column('purchase_claims', 'sku') }},
    {{ claim_reconciliation.service_column('purchase_claims', 'claimed_at') }},
    {{ claim_reconciliation.service_column('purchase_claims', 'units') }}
from {{ claim_reconciliation.service_table('purchase_claims') }}
where {{ claim_reconciliation.up_to_as_of(claimed_at) }}{{ and_counts }}
