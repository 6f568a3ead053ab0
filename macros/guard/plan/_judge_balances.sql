{% macro claim_ops__judge_balances() %}
create function claim_ops._judge_balances(
    p_user_ids {{ var('user_id_data_type') }}[], p_include_excess text[]
)
returns table (
    user_id {{ var('user_id_data_type') }}, item text, column_name text, type text,
    has_wallet boolean, before jsonb, after jsonb, wallet_updated_at timestamptz,
    reason text, settles_at timestamptz, is_quiet_short boolean, is_suspected_spend boolean,
    evidence text, grounds jsonb
)
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set row_security = off
-- A plan's lines are too new for statistics: by estimate one row, in truth all of them.
set enable_nestloop = off
as $function$
#variable_conflict use_column
declare
    v_user_ids {{ var('user_id_data_type') }}[];
begin
    -- So many at a time: the planner copies the array some 30 times, and of a million users it
    -- took 2 GB of the session's memory.
    for v_first in 1 .. coalesce(cardinality(p_user_ids), 0) by 10000 loop
        v_user_ids := p_user_ids[v_first:v_first + 9999];
        return query
        with
        {{ claim_reconciliation.guard_wrong_balances() | indent(4) }}
        {{ claim_reconciliation.guard_excess_evidence() | indent(4) }}
        select
            wrong.user_id, wrong.item, wrong.column_name, wrong.type, wrong.has_wallet,
            wrong.wallet -> wrong.column_name, wrong.expected -> wrong.column_name,
            wrong.wallet_updated_at,
            case
                when not wrong.is_quiet then 'in_flight'
                when {{ claim_reconciliation.guard_is_account_gone('wrong.user_id') }}
                    then 'account_gone'
                -- A negative expectation is a fault of the ledger: whatever were written into the
                -- wallet would be wrong.
                when wrong.type = 'negative_ledger' then 'negative_ledger'
                -- Somebody answers for it, for a while; a missing wallet is created with all that
                -- it should hold, or not at all.
                when exists (
                    select 1 from accepted
                    where accepted.user_id = wrong.user_id
                        and (accepted.item = wrong.item or not wrong.has_wallet)
                ) then 'accepted'
                when wrong.type = 'excess' and not wrong.item = any(p_include_excess)
                    then 'excess_not_asked_for'
                -- A writer that changed the wallet first and died: the wallet is right, and
                -- the claim is missing.
                when wrong.type = 'excess' and unclaimed.item is not null then 'unclaimed_purchase'
            end,
            case
                when not wrong.is_quiet
                    then wrong.last_activity_at + {{ var('settle_minutes') }} * interval '1 minute'
            end,
            wrong.is_quiet_short,
            {{ claim_reconciliation.guard_is_suspected_spend('wrong') | indent(8) }},
            case
                when wrong.type <> 'excess' then null
                when wrong.is_own_write then 'own_write'
                when wrong.wallet_updated_at < wrong.last_ledger_at - interval '1 minute'
                    then 'restored_backup'
                when near_claims.user_id is not null
                    and (wrong.kind = 'expiry' or wrong.excess <= 5 * claimed.quantity)
                    then 'retry'
            end,
            jsonb_build_object(
                'claims', coalesce((wrong.claims ->> wrong.item)::integer, 0),
                'last_claimed_at', wrong.last_claimed_at,
                'wallet_changed_at', wrong.wallet_updated_at
            )
        from wrong
        left join unclaimed on wrong.user_id = unclaimed.user_id and wrong.item = unclaimed.item
        left join near_claims
            on wrong.user_id = near_claims.user_id and wrong.item = near_claims.item
        left join claimed on wrong.user_id = claimed.user_id and wrong.item = claimed.item
        order by wrong.user_id, wrong.item;
    end loop;
end
$function$;
comment on function claim_ops._judge_balances is
$$One row a balance of these users that is wrong now, with what a plan would write and why it
may not be planned: in_flight (and when it settles), account_gone, negative_ledger, accepted,
excess_not_asked_for, unclaimed_purchase. It says too what a short balance looks like (a
spend that nobody modelled), and what explains an excess: a retry, a restored backup, our own
write, or nothing.$$;
{{ claim_reconciliation.guard_hand_over('_judge_balances') }}
{% endmacro %}
