{% macro claim_ops__write_corrections() %}
create function claim_ops._write_corrections(
    p_plan_id bigint, p_user_ids {{ var('user_id_data_type') }}[], p_models_schema text,
    p_proposals jsonb
)
returns jsonb
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
-- Written into the plan, the users would be copied again and again by the planner.
set plan_cache_mode = force_generic_plan
as $function$
declare
    v_limits constant jsonb := (
        select plans.limits from claim_ops.plans where plans.plan_id = p_plan_id
    );
    v_include_excess constant text[] := array(
        select jsonb_array_elements_text(v_limits -> 'include_excess')
    );
    v_users constant {{ var('user_id_data_type') }}[] := case
        when v_limits ? 'users' then array(select jsonb_array_elements_text(v_limits -> 'users'))
    end;
    v_exclude constant {{ var('user_id_data_type') }}[] := array(
        select jsonb_array_elements_text(v_limits -> 'exclude')
    );
    v_user_id constant {{ var('user_id_data_type') }} := v_limits ->> 'user_id';
    v_found jsonb;
begin
    with causes as materialized (
        select causes.* from claim_ops._known_causes(p_models_schema) as causes
    ),
    proposed as materialized (
        select proposed.*
        from jsonb_to_recordset(p_proposals) as proposed (
            number bigint, user_id {{ var('user_id_data_type') }}, item text, given_user_id text,
            given_item text, reason text
        )
    ),
    proposed_users as materialized (
        select distinct proposed.user_id from proposed
        where proposed.reason is null
    ),
    judged as materialized (
        select
            judged.*, causes.cause,
            proposed.user_id is not null
            or not judged.has_wallet and proposed_users.user_id is not null as is_proposed
        from claim_ops._judge_balances(p_user_ids, v_include_excess) as judged
        left join causes on judged.user_id = causes.user_id and judged.item = causes.item
        left join proposed
            on judged.user_id = proposed.user_id
            and judged.item = proposed.item
            and proposed.reason is null
        left join proposed_users on judged.user_id = proposed_users.user_id
    ),
    asked_for as materialized (
        select
            judged.*,
            case
                when judged.user_id in (select unnest(v_exclude)) then 'excluded'
                else judged.reason
            end as left_out_because
        from judged
        where (p_proposals is null or judged.is_proposed)
            and (v_user_id is null or judged.user_id = v_user_id)
            and (v_users is null or judged.user_id in (select unnest(v_users)))
            -- A missing wallet is created with all that it should hold, or not at all.
            and (
                v_limits ->> 'item' is null
                or judged.item = v_limits ->> 'item'
                or not judged.has_wallet
            )
            and (
                v_limits ->> 'type' is null
                or (judged.type = 'excess') = (v_limits ->> 'type' = 'excess')
            )
            and (v_limits ->> 'cause' is null or judged.cause = v_limits ->> 'cause')
            and (
                v_limits ->> 'changed_from' is null
                or judged.wallet_updated_at >= (v_limits ->> 'changed_from')::timestamptz
            )
            and (
                v_limits ->> 'changed_to' is null
                or judged.wallet_updated_at < (v_limits ->> 'changed_to')::timestamptz
            )
    ),
    lines as materialized (
        {{ claim_reconciliation.guard_correction_lines() | indent(8) }}
    ),
    planned as (
        insert into claim_ops.plan_lines (plan_id, line_no, user_id, before, after, details)
        -- In the order of the users, which is the order in which wallets are locked.
        select
            p_plan_id, row_number() over (order by lines.user_id), lines.user_id, lines.before,
            lines.after, lines.details
        from lines
    ),
    left_out as (
        insert into claim_ops.plan_balances_left_out (
            plan_id, user_id, item, type, reason, settles_at
        )
        select
            p_plan_id, asked_for.user_id, asked_for.item, asked_for.type,
            asked_for.left_out_because, asked_for.settles_at
        from asked_for
        where asked_for.left_out_because is not null
    ),
    {{ claim_reconciliation.guard_proposal_outcomes() | indent(4) }}
    {{ claim_reconciliation.guard_suspicions() | indent(4) }}
    into v_found;
    return v_found;
end
$function$;
comment on function claim_ops._write_corrections is
$$Writes the lines of a wallet correction, one a user whose wallet is wrong and quiet now, within
the plan's limits, with the causes that the models name and the proposals of _known_proposals, or
null for all, and the balances that it leaves out with the reason.
Returns what to suspect: the share of suspected spends in all that is short, examples, and what
became of the proposals.$$;
{{ claim_reconciliation.guard_hand_over('_write_corrections') }}
{% endmacro %}
