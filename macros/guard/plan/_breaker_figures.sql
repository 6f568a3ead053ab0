{% macro claim_ops__breaker_figures() %}
create function claim_ops._breaker_figures()
returns jsonb
language sql
volatile
set search_path = pg_catalog, pg_temp
set row_security = off
as $function$
    -- Wallets are counted once, in however many plans they are.
    with lines as (
        select
            plan_lines.user_id, plan_lines.before, plan_lines.after, plan_lines.details,
            plan_kinds.breakers
        from claim_ops.plan_lines
        join claim_ops.plans on plan_lines.plan_id = plans.plan_id
        join claim_ops.plan_states on plans.plan_id = plan_states.plan_id
        join claim_ops.plan_kinds on plans.kind = plan_kinds.kind
        left join claim_ops.journal
            on plan_lines.plan_id = journal.plan_id and plan_lines.line_no = journal.line_no
        where plan_kinds.breakers <> '{}'
            and plans.made_at > clock_timestamp() - interval '24 hours'
            -- What is in force counts whatever the plan's state is called, and what may still
            -- come of an open plan.
            and case
                when journal.event = 'applied' then not exists (
                    select 1 from claim_ops.reversed_entries
                    where reversed_entries.entry_id = journal.entry_id
                )
                when journal.event = 'skipped' then false
                else plan_states.is_open
            end
    ),
    wallets as (
        select 1 from {{ claim_reconciliation.guard_relation('user_wallet_balances') }}
        {{ claim_reconciliation.where_counts('user_wallet_balances') }}
    ),
    net as (
        select
            wallet_items.item,
            sum(greatest(change.quantity, 0)) as gained,
            sum(greatest(-change.quantity, 0)) as lost
        from lines
        cross join lateral jsonb_each_text(lines.after) as written (column_name, value)
        join claim_ops.wallet_items on written.column_name = wallet_items.column_name
        cross join lateral (
            select case when wallet_items.kind = 'quantity' then
                written.value::numeric
                - coalesce((lines.before ->> written.column_name)::numeric, 0)
            end as quantity
        ) as change
        where wallet_items.kind = 'quantity'
        group by wallet_items.item
    )
    select jsonb_build_object(
        'max_wallets', (select count(distinct user_id) from lines),
        'max_affected_share', (
            -- One wallet of fifty is 2 %: a small shop could repair nothing.
            select case
                when count(distinct user_id) < 10 then 0
                else round(
                    count(distinct user_id)::numeric / greatest((select count(*) from wallets), 1),
                    6
                )
            end
            from lines
            where 'max_affected_share' = any(breakers)
        ),
        'max_net_quantity', (select coalesce(max(greatest(gained, lost)), 0) from net),
        'max_suspected_spends', (
            select count(distinct user_id) filter (where details ? 'suspected_spend') from lines
        ),
        'max_unexplained_excess', (
            select count(distinct user_id) filter (where details ? 'unexplained_excess') from lines
        )
    )
$function$;
comment on function claim_ops._breaker_figures is
$$What the plans of the last 24 hours amount to, the one being made among them: lines in force
and lines that are still open, as {breaker: figure}; each figure counts the plans whose kind
has the breaker.$$;
{{ claim_reconciliation.guard_hand_over('_breaker_figures') }}
{% endmacro %}
