{% macro guard_write_wallets() %}
{%- set wallets = claim_reconciliation.guard_relation('user_wallet_balances') -%}
{%- set updated_at = claim_reconciliation.guard_wallet_updated_at() -%}
create function claim_ops._write_wallets(
    p_user_ids {{ var('user_id_data_type') }}[], p_before jsonb[], p_after jsonb[]
)
returns table (user_id {{ var('user_id_data_type') }}, wallet jsonb, updated_at timestamptz)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set row_security = off
set plan_cache_mode = force_custom_plan
as $function$
#variable_conflict use_column
begin
    return query
    update {{ wallets }} as wallets
    set
        {%- for item in claim_reconciliation.wallet_items() %}
        {%- set column = adapter.quote(item.column) %}
        {%- set moment = "(line.after ->> '" ~ item.column ~ "')::timestamptz" %}
        {%- set stored = claim_reconciliation.time_written('user_wallet_balances', item.column, moment) %}
        {%- set value = 'written.' ~ column if stored == moment else stored %}
        {{ column }} = case when line.after ? '{{ item.column }}' then {{ value }} else wallets.{{ column }} end,
        {%- endfor %}
        {{ updated_at }} = {{ claim_reconciliation.time_written(
            'user_wallet_balances', claim_reconciliation.mapped_column('user_wallet_balances', 'updated_at'), 'clock_timestamp()'
        ) }}
    from unnest(p_user_ids, p_before, p_after) as line (user_id, before, after)
    cross join lateral jsonb_populate_record(null::{{ wallets }}, line.after) as written
    where {{ claim_reconciliation.key_is_any('user_wallet_balances', 'user_id', 'p_user_ids', 'wallets') }}
        and {{ claim_reconciliation.key_equals('user_wallet_balances', 'user_id', 'line.user_id', 'wallets') }}
        and {{ claim_reconciliation.guard_wallet_json('wallets') | indent(4) }} @> line.before
    returning
        {{ claim_reconciliation.service_value('user_wallet_balances', 'user_id', 'wallets') }},
        {{ claim_reconciliation.guard_wallet_json('wallets') | indent(4) }},
        {{ claim_reconciliation.service_value('user_wallet_balances', 'updated_at', 'wallets') }};
end
$function$;
comment on function claim_ops._write_wallets is
$$Writes the columns named in `after` where the wallet still holds `before`; returns what stands in the rows then. It runs
as a role without any right on plans and journal, and so does a trigger of the wallets' owner that it fires.$$;
{% endmacro %}
