{% macro claim_ops__write_lines() %}
create function claim_ops._write_lines(
    p_plan claim_ops.plans, p_items claim_ops.plan_lines[], p_batch_id bigint, p_until timestamptz
)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
set plan_cache_mode = force_custom_plan
as $function$
declare
    v_written {{ var('user_id_data_type') }}[];
    v_unwritten {{ var('user_id_data_type') }};
begin
    -- A trigger of the service may wait.
    perform claim_ops._limit_waits(p_until);
    with journalled as (
        insert into claim_ops.journal (
            batch_id, event, plan_id, line_no, user_id, before, after,
            wallet_updated_at, row_version, wallet_changed_at, reverses, detail
        )
        select
            p_batch_id, 'applied', line.plan_id, line.line_no, line.user_id, line.before,
            line.after, written.updated_at, written.row_version,
            case
                -- A wallet that we have just created was changed by nobody else.
                when line.before is null then null
                -- Ours twice in a row: the last change by somebody else stays the one that counts.
                when own_write.row_version = written.held_version
                    and own_write.wallet_updated_at = written.held_updated_at
                    then own_write.wallet_changed_at
                else written.held_updated_at
            end,
            (line.details ->> 'entry_id')::bigint,
            {{ claim_reconciliation.guard_moved_claims('line.details') | indent(12) }}
        from claim_ops._write_wallets(
            array(select line.user_id from unnest(p_items) as line),
            -- A wallet that has just been created holds nothing that a line could name.
            array(select coalesce(line.before, '{}') from unnest(p_items) as line),
            array(select line.after from unnest(p_items) as line)
        ) as written
        join unnest(p_items) as line on written.user_id = line.user_id
        left join lateral (
            {{ claim_reconciliation.guard_own_write('written.user_id') | indent(12) }}
        ) as own_write on true
        -- Exactly what was planned, and no other item with it: a trigger may write
        -- what nobody approved.
        where written.wallet = written.held || line.after
        order by line.line_no
        returning journal.user_id
    )
    select array_agg(journalled.user_id) into v_written from journalled;

    -- Every row came back as planned, or nothing of them stays.
    select unwritten.user_id into v_unwritten
    from (
        select line.user_id from unnest(p_items) as line
        except
        select written.user_id from unnest(v_written) as written (user_id)
    ) as unwritten
    limit 1;
    if v_unwritten is not null then
        perform claim_ops._refuse_unwritten(
            format('the wallet of user %s', v_unwritten),
            '{{ claim_reconciliation.guard_relation('user_wallet_balances') }}', p_plan.plan_id
        );
    end if;
end
$function$;
comment on function claim_ops._write_lines is
$$Writes the wallets of these lines and journals them as applied; refuses all of them unless each
row came back as planned.$$;
{{ claim_reconciliation.guard_hand_over('_write_lines') }}
{% endmacro %}
