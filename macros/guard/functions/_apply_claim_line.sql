{% macro guard_apply_claim_line() %}
create function claim_ops._apply_claim_line(
    p_plan claim_ops.plans, p_item claim_ops.plan_items, p_batch_id bigint, p_deadline timestamptz
)
returns text
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
declare
    v_locked {{ var('user_id_data_type') }}[];
    v_verdict text;
begin
    perform claim_ops._limit_waits(p_deadline);
    -- A wallet that is created comes before its claims, which may refer to it; one that is there is locked after them.
    if p_item.before is null and not claim_ops._create_wallet(p_item.user_id) then
        return 'changed';
    end if;
    v_verdict := claim_ops._insert_claims(p_item.user_id, p_item.details -> 'claims', p_deadline);
    if v_verdict = 'not_written' then
        perform claim_ops._refuse_unwritten(
            format('a claim of user %s', p_item.user_id),
            '{{ claim_reconciliation.guard_relation('purchase_claims') }}', p_plan.plan_id
        );
    end if;
    v_locked := claim_ops._lock_wallets(array[p_item.user_id]);
    -- A later statement than the lock: only now does the snapshot hold every claim that the lock waited for.
    v_verdict := coalesce(
        v_verdict, claim_ops._judge_purchases(p_plan.kind, p_item), claim_ops._judge_claim_line(p_item, v_locked)
    );
    if v_verdict is not null then
        -- Back to the savepoint: neither claims nor wallet of a skipped line stay.
        raise exception using errcode = 'CO900', message = v_verdict;
    end if;
    if p_item.after = '{}' then
        perform claim_ops._write_unchanged(p_batch_id, p_item);
    else
        perform claim_ops._write_lines(p_batch_id, array[p_item]);
    end if;
    return null;
exception
    when lock_not_available then
        return 'busy';
    when foreign_key_violation then
        return 'no_such_user';
    when sqlstate 'CO900' then
        return sqlerrm;
end
$function$;
comment on function claim_ops._apply_claim_line is
$$Claims a user's purchases and credits his wallet, under a savepoint. Returns null, or why nothing of it stays: claimed, where
somebody was quicker; busy, where somebody holds the wallet or is claiming the same purchase; what _judge_purchases and
_judge_claim_line say.$$;
{% endmacro %}


{% macro guard_judge_purchases() %}
create function claim_ops._judge_purchases(p_kind text, p_item claim_ops.plan_items)
returns text
language sql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
    with planned as (
        select claim.tx_id, claim.sku
        from jsonb_to_recordset(p_item.details -> 'claims') as claim (tx_id text, sku text)
    )

    select min(coalesce(
        purchases.reason,
        case
            when purchases.tx_id is null then 'no_purchase'
            when purchases.user_id is distinct from p_item.user_id then 'conflicting_users'
            when purchases.sku is distinct from planned.sku then 'conflicting_skus'
        end
    ))
    from planned
    left join claim_ops._purchases(p_kind, array(select planned.tx_id from planned)) as purchases
        on planned.tx_id = purchases.tx_id
$function$;
comment on function claim_ops._judge_purchases is
$$Looks a second time at the purchases of a line: null where each is still what was planned, else why not, such as refunded.$$;
{% endmacro %}


{% macro guard_judge_claim_line() %}
create function claim_ops._judge_claim_line(p_item claim_ops.plan_items, p_locked {{ var('user_id_data_type') }}[])
returns text
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
begin
    return (select case
        when p_locked = '{}' then case when states.has_wallet then 'busy' else 'changed' end
        when (states.wallet @> p_item.before) is false then 'changed'
        -- A wallet that we have just created is no sign of life.
        when p_item.before is not null and not {{ claim_reconciliation.guard_is_quiet('states') }} then 'in_flight'
        when not {{ claim_reconciliation.is_settled('states.last_ledger_at', 'clock_timestamp()') }} then 'in_flight'
        when (states.expected @> p_item.after) is not true then 'ledger_changed'
        when states.discrepancies ?| array(
            select item.name from jsonb_array_elements_text(p_item.details -> 'items') as item (name)
            where not p_item.details -> 'credited' ? item.name
        ) then 'wallet_disagrees'
        when p_item.before is null and states.discrepancies - array(
            select item.name from jsonb_array_elements_text(p_item.details -> 'items') as item (name)
        ) <> '{}' then 'ledger_changed'
        when p_item.before is not null and not states.discrepancies ?& array(
            select item.name from jsonb_array_elements_text(p_item.details -> 'credited') as item (name)
        ) then 'expired'
    end
    from claim_ops._wallet_states_with(array[p_item.user_id], (
        select jsonb_agg(claim.value || jsonb_build_object('user_id', p_item.user_id))
        from jsonb_array_elements(p_item.details -> 'claims') as claim
    )) as states);
end
$function$;
comment on function claim_ops._judge_claim_line is
$$Looks a second time at the wallet of a line whose claims are inserted and whose wallet is locked: null where it is to be
written, else why not. busy, changed, in_flight, ledger_changed, expired: as of a wallet correction; wallet_disagrees: an item
that seemed to be held already is not.$$;
{% endmacro %}


{% macro guard_write_unchanged() %}
create function claim_ops._write_unchanged(p_batch_id bigint, p_item claim_ops.plan_items)
returns void
language sql
volatile
set search_path = pg_catalog, pg_temp
as $function$
    insert into claim_ops.journal (batch_id, event, plan_id, line_no, user_id, before, after, detail)
    values (
        p_batch_id, 'applied', p_item.plan_id, p_item.line_no, p_item.user_id, p_item.before, p_item.after,
        {{ claim_reconciliation.guard_moved_claims('p_item.details') | indent(8) }}
    )
$function$;
comment on function claim_ops._write_unchanged is 'Journals a line as applied that leaves its wallet as it is, or has deleted it.';
{% endmacro %}


{% macro guard_moved_claims(details) -%}
    {#- What the journal keeps of a line's details: the claims that it inserts and takes back. -#}
case when {{ details }} ?| '{claims,claims_taken_back}' then jsonb_strip_nulls(jsonb_build_object(
    'claims', {{ details }} -> 'claims', 'claims_taken_back', {{ details }} -> 'claims_taken_back'
)) else '{}' end
{%- endmacro %}


{% macro guard_refuse_unwritten() %}
create function claim_ops._refuse_unwritten(p_what text, p_table text, p_plan_id bigint)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
begin
    perform claim_ops._refuse(
        'CO011',
        format('%s was not written as planned; nothing of this batch stays', p_what),
        coalesce(
            format('Triggers on %s: ', p_table) || (
                select string_agg(pg_trigger.tgname, ', ' order by pg_trigger.tgname)
                from pg_catalog.pg_trigger
                where pg_trigger.tgrelid = p_table::regclass and not pg_trigger.tgisinternal
            ),
            'The table has no trigger; a rule or a generated column may have changed it.'
        ),
        format('Disable the trigger, then: claimctl apply %s', p_plan_id)
    );
end
$function$;
comment on function claim_ops._refuse_unwritten is 'Refuses a batch whose row came back otherwise than it was planned, and names the table''s triggers.';
{% endmacro %}
