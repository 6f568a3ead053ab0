{% macro claim_ops__verify_lines() %}
create function claim_ops._verify_lines(p_plan_id bigint)
returns table (line_no integer, user_id {{ var('user_id_data_type') }}, status text)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
-- A plan's lines are too new for statistics: by estimate one row, in truth all of them.
set enable_nestloop = off
as $function$
#variable_conflict use_column
begin
    return query
    with lost as materialized (
        select lost_claims.line_no from claim_ops._lost_claims(p_plan_id) as lost_claims
    ),
    applied as materialized (
        select
            journal.line_no, journal.user_id, journal.before, journal.after,
            plan_lines.after as planned,
            case
                when journal.user_id is null then claim_ops._verify_switch(journal)
            end as switch_status,
            journal.line_no in (select lost.line_no from lost) as has_lost_claims,
            array(
                select wallet_items.item from claim_ops.wallet_items
                where coalesce(journal.after, journal.before) ? wallet_items.column_name
            ) as items
        from claim_ops.journal
        left join claim_ops.plan_lines
            on journal.plan_id = plan_lines.plan_id and journal.line_no = plan_lines.line_no
        where journal.plan_id = p_plan_id and journal.event = 'applied'
    )
    select
        applied.line_no,
        applied.user_id,
        case
            -- Applied otherwise than planned: the journal or a line was changed by its owner.
            when applied.after is distinct from applied.planned then 'wrong'
            when applied.user_id is null then applied.switch_status
            -- A wallet can be right beside a claim that is gone; the next correction would take the
            -- credit.
            when applied.has_lost_claims then 'wrong'
            when applied.after is null and not coalesce(states.has_wallet, false) then 'as written'
            when states.has_wallet and states.wallet @> applied.after then 'as written'
            when not coalesce(states.discrepancies, '{}') ?| applied.items
                then 'changed since and matches the ledger'
            when not {{ claim_reconciliation.guard_is_quiet('states') }} then 'in flight'
            else 'wrong'
        end as status
    from applied
    left join claim_ops._wallet_states(array(select applied.user_id from applied)) as states
        on applied.user_id = states.user_id;
end
$function$;
comment on function claim_ops._verify_lines is
$$One row an applied line of a plan: as written, changed since and matches the ledger, in
flight, or wrong.$$;
{{ claim_reconciliation.guard_hand_over('_verify_lines') }}
{% endmacro %}
