{% macro claim_ops__roll_back_wallets() %}
create function claim_ops._roll_back_wallets(
    p_plan claim_ops.plans, p_items claim_ops.plan_lines[], p_batch_id bigint, p_pass integer
)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set plan_cache_mode = force_custom_plan
as $function$
declare
    v_locked {{ var('user_id_data_type') }}[];
    v_go integer[];
    v_verdicts jsonb;
    v_item claim_ops.plan_lines;
begin
    v_locked := claim_ops._lock_wallets(array(
        select item.user_id from unnest(p_items) as item where item.before is not null
    ));
    with lines as materialized (
        select item.*, item as line
        from unnest(p_items) as item
        -- One that is to be deleted too: equal values and an equal time may be somebody
        -- else's there as well.
        where item.before is not null
    ),
    judged as (
        select
            lines.line_no,
            case
                {{- claim_reconciliation.guard_held_verdicts('v_locked') | indent(16) }}
                -- Equal values are not enough: our write has to be the row's last one, and the
                -- last of ours. A user who claimed since, and holds as much as we gave him, would
                -- lose what he claimed.
                when not states.is_own_write or not claim_ops._is_last_entry(lines.line)
                    then 'changed'
                -- Claimed since, and not credited yet: `before` knows nothing of that claim.
                when states.last_ledger_at > states.wallet_updated_at then 'changed'
            end as verdict
        from lines
        left join claim_ops._wallet_states(array(select lines.user_id from lines)) as states
            on lines.user_id = states.user_id
    )
    select
        array_agg(judged.line_no) filter (where judged.verdict is null),
        jsonb_object_agg(judged.line_no, judged.verdict)
            filter (where judged.verdict is not null)
    into v_go, v_verdicts
    from judged;

    perform claim_ops._skip_lines(p_plan.plan_id, p_batch_id, p_pass, coalesce(v_verdicts, '{}'));
    perform claim_ops._apply_in_halves('_write_lines', p_plan, array(
        select item from unnest(p_items) as item
        where item.line_no = any(v_go) and item.after is not null
    ), p_batch_id, p_pass, claim_ops._waiting_ends_at());
    foreach v_item in array p_items loop
        if v_item.before is null or v_item.after is null and v_item.line_no = any(v_go) then
            perform claim_ops._reverse_creation(p_plan, v_item, p_batch_id, p_pass);
        end if;
    end loop;
end
$function$;
comment on function claim_ops._roll_back_wallets is
$$Gives the wallets of these lines of a rollback back what they held before, where the plan's write
is their last one.$$;
{{ claim_reconciliation.guard_hand_over('_roll_back_wallets') }}
{% endmacro %}
