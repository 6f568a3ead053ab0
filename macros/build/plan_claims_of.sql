{% macro plan_claims_of(relation) %}
    {#- The claims that plans inserted; none where there is no guard. -#}
select
    tx_id::text as tx_id,
    plan_id::bigint as plan_id,
    kind::text as kind
from {{ relation or '(select null as tx_id, null as plan_id, null as kind where false) as nobody' }}
{%- endmacro %}
