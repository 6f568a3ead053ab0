{% macro claim_ops__lost_claims() %}
create function claim_ops._lost_claims(p_plan_id bigint)
returns table (line_no integer)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set row_security = off
set plan_cache_mode = force_custom_plan
as $function$
#variable_conflict use_column
declare
    v_user_ids constant {{ var('user_id_data_type') }}[] := array(
        select distinct journal.user_id from claim_ops.journal
        where journal.plan_id = p_plan_id
            and journal.event = 'applied'
            and journal.detail ? 'claims'
    );
begin
    return query
    with inserted as materialized (
        select
            journal.line_no, journal.user_id, claim.tx_id, claim.sku, claim.claimed_at, claim.units
        from claim_ops.journal
        cross join lateral jsonb_to_recordset(journal.detail -> 'claims')
            as claim (tx_id text, sku text, claimed_at timestamptz, units integer)
        where journal.plan_id = p_plan_id
            and journal.event = 'applied'
            and journal.detail ? 'claims'
    ),
    -- Once for all lines: asked line by line, the whole journal would be read for each.
    in_force as materialized (
        select plan_claims.tx_id from claim_ops.plan_claims
    ),
    stored as materialized (
        {{ claim_reconciliation.guard_rows_of(
            'purchase_claims', ['tx_id', 'user_id', 'sku', 'claimed_at', 'units'], 'v_user_ids'
        ) | indent(8) }}
    )
    select distinct inserted.line_no
    from inserted
    join in_force on inserted.tx_id = in_force.tx_id
    left join stored
        on inserted.tx_id = stored.tx_id::text and inserted.user_id = stored.user_id
        and inserted.sku = stored.sku and inserted.claimed_at = stored.claimed_at
        and coalesce(inserted.units, 1) = coalesce(stored.units, 1)
    where stored.tx_id is null;
end
$function$;
comment on function claim_ops._lost_claims is
$$The lines of a plan with a claim that it inserted, that no rollback took back, and that is gone or
another one now.$$;
{{ claim_reconciliation.guard_hand_over('_lost_claims') }}
{% endmacro %}
