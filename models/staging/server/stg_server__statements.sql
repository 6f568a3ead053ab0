{{ config(materialized='retained_table') }}
{%- set statements = claim_reconciliation.statements_relation() %}
-- Grain: one row a statement that the server has recorded in this database, as of the build. No row
-- where it records none. A table, because a view on the extension's view would keep the extension
-- from being updated.
select
    queryid as statement_id,
    min(query) as statement,
    sum(calls)::bigint as calls,
    sum(total_exec_time) as total_time_ms,
    max(max_exec_time) as longest_time_ms,
    sum(rows)::bigint as returned_rows,
    statement_timestamp() as measured_at
from {{ statements }}
where
    queryid is not null
    -- What builds these models is not the service's.
    and strpos(query, '{{ this.schema }}') = 0
group by queryid
