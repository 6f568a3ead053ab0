{% macro claim_ops__judge_claim_lines() %}
create function claim_ops._judge_claim_lines(
    p_items claim_ops.plan_lines[], p_claims jsonb, p_locked {{ var('user_id_data_type') }}[]
)
returns table (line_no integer, verdict text)
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
            array(select jsonb_array_elements_text(item.details -> 'items')) as items,
            array(select jsonb_array_elements_text(item.details -> 'credited')) as credited
        from unnest(p_items) as item
    )
    select
        lines.line_no,
        case
            {{- claim_reconciliation.guard_locked_verdicts() | indent(12) }}
            -- It seemed to be held already and is not: the claim alone would leave the user short.
            when states.discrepancies ?| array(
                select item.name from unnest(lines.items) as item (name)
                where item.name <> all(lines.credited)
            ) then 'wallet_disagrees'
            -- An item that the line does not name would be created empty, and wrong.
            when lines.before is null and states.discrepancies - lines.items <> '{}'
                then 'ledger_changed'
            -- Nothing of it is owed any more: it is over, or somebody else has given it.
            when lines.before is not null and not states.discrepancies ?& lines.credited
                then 'expired'
        end
    from lines
    left join claim_ops._wallet_states_with(
        array(select lines.user_id from lines), p_claims
    ) as states on lines.user_id = states.user_id;
end
$function$;
comment on function claim_ops._judge_claim_lines is
$$Looks a second time at the wallets of lines whose claims are inserted and whose wallets are
locked: null where one is to be written, else why not. busy, changed, in_flight,
ledger_changed, expired: as of a wallet correction; wallet_disagrees: an item that seemed to be
held already is not.$$;
{{ claim_reconciliation.guard_hand_over('_judge_claim_lines') }}
{% endmacro %}
