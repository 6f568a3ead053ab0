{% macro guard_wallet_states_header() %}
returns table (
    user_id {{ var('user_id_data_type') }},
    has_wallet boolean,
    wallet jsonb,
    expected jsonb,
    discrepancies jsonb,
    last_claimed_at timestamptz,
    last_ledger_at timestamptz,
    wallet_updated_at timestamptz,
    is_own_write boolean,
    wallet_changed_at timestamptz,
    claims jsonb
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
begin
    return query
{%- endmacro %}
