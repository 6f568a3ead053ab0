{{ config(materialized='replaced_view') }}
{%- set purchased_at = claim_reconciliation.service_value('audit_purchases', 'purchased_at') %}
{%- set and_counts = claim_reconciliation.and_counts('audit_purchases') %}
-- Grain: one row a status that the store reported for a purchase; a purchase may have many. One
-- plain select, because PostgreSQL looks up no tx_id by its index through a view that has a CTE.
select
    {{ claim_reconciliation.service_column('audit_purchases', 'tx_id') }},
    {{ claim_reconciliation.service_column('audit_purchases', 'user_id') }},
    {{ claim_reconciliation.service_column('audit_purchases', 'sku') }},
    {{ claim_reconciliation.service_column('audit_purchases', 'status') }},
    {{ claim_reconciliation.service_column('audit_purchases', 'purchased_at') }},
    {{ claim_reconciliation.service_column('audit_purchases', 'units') }}
from {{ claim_reconciliation.service_table('audit_purchases') }}
where {{ claim_reconciliation.up_to_as_of(purchased_at) }}{{ and_counts }}
