{% macro claim_ops__write_wallets() %}
{%- set wallets = claim_reconciliation.guard_relation('user_wallet_balances') -%}
{%- set user_id = claim_reconciliation.service_value(
    'user_wallet_balances', 'user_id', 'wallets'
) -%}
{%- set updated_at = claim_reconciliation.service_value(
    'user_wallet_balances', 'updated_at', 'wallets'
) -%}
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
    v_held_users {{ var('user_id_data_type') }}[];
    v_held_wallets jsonb[];
    v_held_updated_at timestamptz[];
    v_held_versions bigint[];
    v_written {{ var('user_id_data_type') }}[];
begin
    -- The rows are locked: what they hold now is what the update finds.
    select
        array_agg({{ user_id }}),
        array_agg({{ claim_reconciliation.guard_wallet_json('wallets') | indent(8) }}),
        array_agg({{ updated_at }}),
        array_agg(wallets.xmin::text::bigint)
    into v_held_users, v_held_wallets, v_held_updated_at, v_held_versions
    from {{ wallets }} as wallets
    where {{ claim_reconciliation.key_is_any(
        'user_wallet_balances', 'user_id', 'p_user_ids', 'wallets'
    ) }};

    with written as (
        update {{ wallets }} as wallets
        set
            {%- for item in claim_reconciliation.wallet_items() %}
            {%- set column = adapter.quote(item.column) %}
            {%- set moment = "(line.after ->> '" ~ item.column ~ "')::timestamptz" %}
            {%- set stored = claim_reconciliation.time_written(
                'user_wallet_balances', item.column, moment
            ) %}
            {%- set value = 'written.' ~ column if stored == moment else stored %}
            {{ column }} = case
                when line.after ? '{{ item.column }}' then {{ value }}
                else wallets.{{ column }}
            end,
            {%- endfor %}
            {{ claim_reconciliation.guard_wallet_updated_at() }} =
                {{ claim_reconciliation.time_written(
                    'user_wallet_balances', 'updated_at', 'clock_timestamp()'
                ) }}
        from unnest(p_user_ids, p_before, p_after) as line (user_id, before, after)
        cross join lateral jsonb_populate_record(null::{{ wallets }}, line.after) as written
        where {{ claim_reconciliation.key_is_any(
            'user_wallet_balances', 'user_id', 'p_user_ids', 'wallets'
        ) }}
            and {{ claim_reconciliation.key_equals(
                'user_wallet_balances', 'user_id', 'line.user_id', 'wallets'
            ) }}
            and {{ claim_reconciliation.guard_wallet_json('wallets') | indent(4) }} @> line.before
        returning {{ user_id }} as user_id
    )
    select array_agg(written.user_id) into v_written from written;
    -- A deferred constraint would refuse at the commit, after this batch's last savepoint, and the
    -- batch with all its lines.
    set constraints all immediate;

    -- A later statement, because an AFTER trigger may have written the row again.
    return query
    select
        {{ user_id }},
        held.wallet, held.updated_at, held.row_version,
        {{ claim_reconciliation.guard_wallet_json('wallets') | indent(8) }},
        {{ updated_at }}, wallets.xmin::text::bigint
    from {{ wallets }} as wallets
    join unnest(v_held_users, v_held_wallets, v_held_updated_at, v_held_versions)
        as held (user_id, wallet, updated_at, row_version)
        on {{ user_id }} = held.user_id
    where {{ claim_reconciliation.key_is_any(
        'user_wallet_balances', 'user_id', 'v_written', 'wallets'
    ) }};
end
$function$;
comment on function claim_ops._write_wallets is
$$Writes the columns named in `after` where the wallet still holds `before`; returns what stood in
the rows before and what stands there when all triggers have run, each with the row's time and
version. It runs as a role without any right on plans and journal, and so does a trigger of the
wallets' owner that it fires.$$;
{{ claim_reconciliation.guard_hand_over('_write_wallets', owner='claim_writer') }}
{% endmacro %}
