{% macro read_of_guard() %}
    {#- What models read of the guard, each by a staging view of its own: {view: the query that it
        is}. Without a guard no row. install_guard makes the views anew, for models that were built
        before it. -#}
    {%- set queries = {} -%}
    {%- for view in ['plan_claims', 'unapproved_break_glass', 'wallet_writes'] -%}
        {%- do queries.update({
            'stg_claim_ops__' ~ view: claim_reconciliation[view ~ '_of']('claim_ops.' ~ view)
        }) -%}
    {%- endfor -%}
    {{- return(queries) -}}
{% endmacro %}


{% macro plan_claims_of(relation) %}
    {#- The claims that plans inserted. -#}
select
    {{ claim_reconciliation.typed('tx_id', 'text') }} as tx_id,
    plan_id::bigint as plan_id,
    {{ claim_reconciliation.typed('kind', 'text') }} as kind
from {{ relation or '(select null as tx_id, null as plan_id, null as kind where false) as nobody' }}
{%- endmacro %}


{% macro unapproved_break_glass_of(relation) %}
    {#- How many plans were applied without an approval, in one row;
        none where there is no guard to apply any. -#}
select
    count(*)::bigint as plans,
    min(applied_at)::timestamptz as since,
    min(plan_id)::bigint as first_plan_id
from {{ relation or '(select null::timestamptz as applied_at, null::bigint as plan_id) as nobody' }}
having {{ 'true' if relation else 'false' }}
{%- endmacro %}


{% macro wallet_writes_of(relation) %}
    {#- What plans wrote about users. -#}
select
    entry_id::bigint as entry_id,
    plan_id::bigint as plan_id,
    kind::text as kind,
    user_id::{{ var('user_id_data_type') }} as user_id,
    items::jsonb as items,
    wallet_updated_at::timestamptz as wallet_updated_at,
    wallet_changed_at::timestamptz as wallet_changed_at,
    written_at::timestamptz as written_at,
    is_reversed::boolean as is_reversed
from
{%- if relation %} {{ relation }}
{%- else %} (
    select
        null as entry_id, null as plan_id, null as kind, null as user_id, null as items,
        null as wallet_updated_at, null as wallet_changed_at, null as written_at,
        null as is_reversed
    where false
) as nobody
{%- endif %}
{%- endmacro %}
