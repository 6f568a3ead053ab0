{%- set plan_claims = adapter.get_relation(database=target.database, schema='claim_ops', identifier='plan_claims')
    if execute else none %}
-- Grain: one row a claim that a plan inserted and that still stands. Without the guard: no row. A login that may not
-- read it gets an error, because no row would call every override a violation.
select
    {%- if plan_claims %}
        tx_id::text as tx_id,
        plan_id::bigint as plan_id,
        kind::text as kind
    from {{ plan_claims }}
    {%- else %}
        null::text as tx_id,
        null::bigint as plan_id,
        null::text as kind
    where false
    {%- endif %}
