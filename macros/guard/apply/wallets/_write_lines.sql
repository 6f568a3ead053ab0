{% macro guard_write_lines() %}
create function claim_ops._write_lines(p_batch_id bigint, p_items claim_ops.plan_lines[])
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
declare
    v_written {{ var('user_id_data_type') }}[];
    v_unwritten {{ var('user_id_data_type') }};
begin
    with journalled as (
        insert into claim_ops.journal (batch_id, event, plan_id, line_no, user_id, before, after, wallet_updated_at, detail)
        select
            p_batch_id, 'applied', line.plan_id, line.line_no, line.user_id, line.before, line.after, written.updated_at,
            {{ claim_reconciliation.guard_moved_claims('line.details') | indent(12) }}
        from claim_ops._write_wallets(
            array(select line.user_id from unnest(p_items) as line),
            -- A wallet that has just been created holds nothing that a line could name.
            array(select coalesce(line.before, '{}') from unnest(p_items) as line),
            array(select line.after from unnest(p_items) as line)
        ) as written
        join unnest(p_items) as line on written.user_id = line.user_id
        where written.wallet @> line.after
        order by line.line_no
        returning journal.user_id
    )
    select array_agg(journalled.user_id) into v_written from journalled;

    -- What the update returned is what the plan says, for every row, or nothing of this batch stays.
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
            '{{ claim_reconciliation.guard_relation('user_wallet_balances') }}', p_items[1].plan_id
        );
    end if;
end
$function$;
comment on function claim_ops._write_lines is
'Writes the wallets of these lines and journals them as applied; refuses unless each row came back as planned.';
{% endmacro %}
