{{ config(materialized='replaced_view') }}
-- Grain: one row a user and item whose wallet may differ from its claims for a while.
-- Without such a table: no row.
with

renamed as (
    select
        {{ claim_reconciliation.service_column('accepted_discrepancies', 'user_id') }},
        {{ claim_reconciliation.service_column('accepted_discrepancies', 'item') }},
        {{ claim_reconciliation.service_column('accepted_discrepancies', 'reason') }},
        {{ claim_reconciliation.service_column('accepted_discrepancies', 'accepted_by') }},
        {{ claim_reconciliation.service_column('accepted_discrepancies', 'accepted_until') }}
    {%- if claim_reconciliation.has_source('accepted_discrepancies') %}
        from {{ claim_reconciliation.service_table('accepted_discrepancies') }}
    {%- else %}
        where false
    {%- endif %}
),

final as (
    select * from renamed
)

select * from final
