{% macro is_accepted(accepted, now) %}
    {#- Whether a row of accepted_discrepancies is in force: it has not run out,
        and says why and who. -#}
    (
        {{ accepted }}.accepted_until > {{ now }}
        and coalesce(btrim({{ accepted }}.reason), '') <> ''
        and coalesce(btrim({{ accepted }}.accepted_by), '') <> ''
    )
{%- endmacro %}


{% macro accepted_balances(accepted) %}
    {#- A query for what is accepted now, one row a user and item; no row without such a table. -#}
select
    {%- if accepted %}
    user_id,
    item,
    min(reason) as reason,
    min(accepted_until) as accepted_until
from {{ accepted }} as stored
where {{ claim_reconciliation.is_accepted('stored', claim_reconciliation.current_time()) }}
group by user_id, item
    {%- else %}
    {{ claim_reconciliation.typed('null', var('user_id_data_type')) }} as user_id,
    {{ claim_reconciliation.typed('null', 'text') }} as item,
    {{ claim_reconciliation.typed('null', 'text') }} as reason,
    {{ claim_reconciliation.typed('null', 'timestamptz') }} as accepted_until
where false
    {%- endif %}
{%- endmacro %}


{% macro excused_balances(discrepancies) %}
    {#- A query that counts excused discrepancies by item; no row where nothing can excuse one. -#}
select
    item,
    count(*) as excused,
    count(*) filter (where excused_because = 'accepted') as accepted,
    count(*) filter (where excused_because = 'account_gone') as accounts_gone,
    count(*) filter (where discrepancy_type = 'short') as short,
    count(*) filter (where discrepancy_type = 'excess') as excess,
    count(*) filter (where discrepancy_type = 'missing_wallet') as missing_wallets,
    count(*) filter (where is_settled) as settled
    {%- if discrepancies %}
from {{ discrepancies }}
where excused_because is not null
    {%- else %}
from (values (null, null, null, false)) as nobody (
    item, discrepancy_type, excused_because, is_settled
)
where false
    {%- endif %}
group by item
{%- endmacro %}
