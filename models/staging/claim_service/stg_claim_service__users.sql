{{ config(materialized='replaced_view') }}
-- Grain: one row an account that is there. Without such a table: no row. One plain select, so that
-- a user is looked up by its index.
select {{ claim_reconciliation.service_column('users', 'user_id') }}
{%- if claim_reconciliation.has_source('users') %}
    from {{ claim_reconciliation.service_table('users') }}
    {{ claim_reconciliation.where_counts('users') }}
{%- else %}
    where false
{%- endif %}
