{% macro claim_ops__write_wallets() %}
{%- set wallets = claim_reconciliation.guard_relation('user_wallet_balances') -%}
{%- set user_id = claim_reconciliation.guard_wallet_user() -%}
{%- set updated_at = claim_reconciliation.guard_wallet_updated_at() -%}
create function claim_ops._write_wallets(
    p_user_ids {{ var('user_id_data_type') }}[], p_before jsonb[], p_after jsonb[]
)
returns table (
    user_id {{ var('user_id_data_type') }},
    held jsonb, held_updated_at timestamptz, held_version bigint,
    wallet jsonb, updated_at timestamptz, row_version bigint
)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set row_security = off
set plan_cache_mode = force_custom_plan
as $function$
#variable_conflict use_column
declare
    v_held jsonb;
    v_written {{ var('user_id_data_type') }}[];
begin
    -- The rows are locked: what they hold now is what the update finds.
    select jsonb_object_agg(wallets.{{ user_id }}::text, jsonb_build_array(
        {{ claim_reconciliation.guard_wallet_json('wallets') | indent(8) }},
        wallets.{{ updated_at }}, wallets.xmin::text::bigint
    )) into v_held
    from {{ wallets }} as wallets
    where wallets.{{ user_id }} = any(p_user_ids);

    with written as (
        update {{ wallets }} as wallets
        set
            {%- for item in claim_reconciliation.wallet_items() %}
            {%- set column = adapter.quote(item.column) %}
            {{ column }} = case when line.after ? '{{ item.column }}' then written.{{ column }} else wallets.{{ column }} end,
            {%- endfor %}
            {{ updated_at }} = clock_timestamp()
        from unnest(p_user_ids, p_before, p_after) as line (user_id, before, after)
        cross join lateral jsonb_populate_record(null::{{ wallets }}, line.after) as written
        where wallets.{{ user_id }} = any(p_user_ids)
            and wallets.{{ user_id }} = line.user_id
            and {{ claim_reconciliation.guard_wallet_json('wallets') | indent(4) }} @> line.before
        returning wallets.{{ user_id }} as user_id
    )
    select array_agg(written.user_id) into v_written from written;
    -- A deferred constraint would refuse at the commit, after this batch's last savepoint, and the batch with all its lines.
    set constraints all immediate;

    -- A later statement, because an AFTER trigger may have written the row again.
    return query
    select
        wallets.{{ user_id }},
        held.state -> 0, (held.state ->> 1)::timestamptz, (held.state ->> 2)::bigint,
        {{ claim_reconciliation.guard_wallet_json('wallets') | indent(8) }},
        wallets.{{ updated_at }}, wallets.xmin::text::bigint
    from {{ wallets }} as wallets
    cross join lateral (select v_held -> wallets.{{ user_id }}::text as state) as held
    where wallets.{{ user_id }} = any(v_written);
end
$function$;
comment on function claim_ops._write_wallets is
$$Writes the columns named in `after` where the wallet still holds `before`; returns what stood in the rows before and what
stands there when all triggers have run, each with the row's time and version. It runs as a role without any right on plans and journal, and so does a trigger of the wallets' owner that it fires.$$;
{{ claim_reconciliation.guard_hand_over('_write_wallets', owner='claim_writer') }}
{% endmacro %}
