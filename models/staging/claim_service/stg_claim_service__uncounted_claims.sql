{{ config(materialized='replaced_view') }}
{%- set condition = claim_reconciliation.source_filter('purchase_claims') %}
-- Grain: one row a claim that claim_service_filters leaves out; no row where it has no condition
-- for claims. The purchase of such a claim is not missed: its tx_id is taken.
select {{ claim_reconciliation.service_column('purchase_claims', 'tx_id') }}
from {{ claim_reconciliation.service_table('purchase_claims') }}
where {{ condition ~ ' is not true' if condition else 'false' }}
