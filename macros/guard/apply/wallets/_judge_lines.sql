{% macro claim_ops__judge_lines() %}
create function claim_ops._judge_lines(
    p_plan claim_ops.plans, p_items claim_ops.plan_lines[],
    p_locked {{ var('user_id_data_type') }}[]
)
returns table (
    line_no integer, user_id {{ var('user_id_data_type') }}, before jsonb, after jsonb, verdict text
)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
#variable_conflict use_column
begin
    return query
    with lines as materialized (
        select
            item.*,
            array(select jsonb_object_keys(item.details -> 'discrepancies')) as items
        from unnest(p_items) as item
    ),
    states as materialized (
        select states.*
        from claim_ops._wallet_states(array(select lines.user_id from lines)) as states
    ),
    {{ claim_reconciliation.guard_accepted('array(select lines.user_id from lines)') }}
    taken as materialized (
        select lines.user_id, found.item
        from lines
        cross join lateral jsonb_each_text(lines.details -> 'discrepancies') as found (item, type)
        where found.type = 'excess'
    ),
    unclaimed as materialized (
        select unclaimed.user_id, unclaimed.item
        from claim_ops._unclaimed_items(array(select taken.user_id from taken)) as unclaimed
    )
    select
        lines.line_no, lines.user_id, lines.before, lines.after,
        case
            {{- claim_reconciliation.guard_locked_verdicts() | indent(12) }}
            -- Over by now: written all the same, it would count as a repair and change nothing.
            when (states.discrepancies ?& lines.items) is not true then 'expired'
            -- An item that the line does not name would be created empty, and wrong.
            when lines.before is null and states.discrepancies - lines.items <> '{}'
                then 'ledger_changed'
            -- Deleted since: a wallet would come back of somebody who has no account.
            when {{ claim_reconciliation.guard_is_account_gone('lines.user_id') }}
                then 'account_gone'
            -- Accepted since: what somebody answers for would be taken, or given twice.
            when exists (
                select 1 from accepted
                where accepted.user_id = lines.user_id and accepted.item = any(lines.items)
            ) then 'accepted'
            -- Owed when planned, in excess now: nobody was asked whether that may be taken.
            when exists (
                select 1 from taken
                where taken.user_id = lines.user_id
                    and not p_plan.limits -> 'include_excess' ? taken.item
            ) then 'excess_not_asked_for'
            -- Its claim is what is missing: taken now, a recovery would find the wallet short.
            when exists (
                select 1 from taken
                join unclaimed on taken.user_id = unclaimed.user_id and taken.item = unclaimed.item
                where taken.user_id = lines.user_id
            ) then 'unclaimed_purchase'
        end
    from lines
    left join states on lines.user_id = states.user_id;
end
$function$;
comment on function claim_ops._judge_lines is
$$Looks a second time at the lines of a wallet correction, for wallets that are locked now: null
where the line is to be written, else why not. busy: somebody holds the wallet; changed: it no
longer holds `before`; in_flight: ledger or wallet changed within settle_minutes; ledger_changed:
`after` is no longer what the ledger says; expired: neither the present nor the new time lies ahead;
account_gone: the user has no account any more; accepted: somebody accepted the discrepancy since;
excess_not_asked_for: an excess outside --include-excess; unclaimed_purchase: an excess that a
recovery explains.$$;
{{ claim_reconciliation.guard_hand_over('_judge_lines') }}
{% endmacro %}
