{% macro claim_ops__breaker_figures() %}
{%- set quantities = claim_reconciliation.wallet_items('quantity') -%}
create function claim_ops._breaker_figures()
returns jsonb
language sql
volatile
set search_path = pg_catalog, pg_temp
set row_security = off
as $function$
    with lines as (
        select
            {%- for item in quantities %}
            case
                when plan_lines.after ? '{{ item.column }}'
                    then (plan_lines.after ->> '{{ item.column }}')::numeric
                    - coalesce((plan_lines.before ->> '{{ item.column }}')::numeric, 0)
            end as change_{{ loop.index }},
            {%- endfor %}
            plan_lines.user_id,
            'max_affected_share' = any(plan_kinds.breakers) as is_affected,
            plan_lines.details ? 'suspected_spend' as is_suspected_spend,
            plan_lines.details ? 'unexplained_excess' as is_unexplained_excess
        from claim_ops.plan_lines
        join claim_ops.plans on plan_lines.plan_id = plans.plan_id
        join claim_ops.plan_states on plans.plan_id = plan_states.plan_id
        join claim_ops.plan_kinds on plans.kind = plan_kinds.kind
        -- One look into the index a line: by an estimate for a new plan, each line would be held
        -- against all of its plan's entries.
        left join lateral (
            select journal.entry_id, journal.event
            from claim_ops.journal
            -- None of the plan being made; of any other its state alone is not believed.
            where plans.made_in <> pg_current_xact_id()
                and journal.plan_id = plan_lines.plan_id and journal.line_no = plan_lines.line_no
            limit 1
        ) as outcome on true
        where plan_kinds.breakers <> '{}'
            and plans.made_at > clock_timestamp() - interval '24 hours'
            -- What is in force counts whatever the plan's state is called, and what may still
            -- come of an open plan.
            and case
                when outcome.event = 'applied' then not exists (
                    select 1 from claim_ops.reversed_entries
                    where reversed_entries.entry_id = outcome.entry_id
                )
                when outcome.event = 'skipped' then false
                else plan_states.is_open
            end
    ),
    -- Wallets are counted once, in however many plans they are.
    users as (
        select
            {%- for item in quantities %}
            sum(greatest(lines.change_{{ loop.index }}, 0)) as gained_{{ loop.index }},
            sum(greatest(-lines.change_{{ loop.index }}, 0)) as lost_{{ loop.index }},
            {%- endfor %}
            lines.user_id,
            bool_or(lines.is_affected) as is_affected,
            bool_or(lines.is_suspected_spend) as is_suspected_spend,
            bool_or(lines.is_unexplained_excess) as is_unexplained_excess
        from lines
        group by lines.user_id
    ),
    wallets as (
        select 1 from {{ claim_reconciliation.guard_relation('user_wallet_balances') }}
        {{ claim_reconciliation.where_counts('user_wallet_balances') }}
    )
    select jsonb_build_object(
        'max_wallets', count(users.user_id),
        'max_affected_share', case
            -- One wallet of fifty is 2 %: a small shop could repair nothing.
            when count(users.user_id) filter (where users.is_affected) < 10 then 0
            else round(
                count(users.user_id) filter (where users.is_affected)::numeric
                / greatest((select count(*) from wallets), 1),
                6
            )
        end,
        'max_net_quantity', greatest(
            {%- for item in quantities %}
            sum(users.gained_{{ loop.index }}), sum(users.lost_{{ loop.index }}),
            {%- endfor %}
            0
        ),
        'max_suspected_spends', count(users.user_id) filter (where users.is_suspected_spend),
        'max_unexplained_excess', count(users.user_id) filter (where users.is_unexplained_excess)
    )
    from users
$function$;
comment on function claim_ops._breaker_figures is
$$What the plans of the last 24 hours amount to, the one being made among them: lines in force
and lines that are still open, as {breaker: figure}; each figure counts the plans whose kind
has the breaker.$$;
{{ claim_reconciliation.guard_hand_over('_breaker_figures') }}
{% endmacro %}
