{% macro claim_ops__check_input() %}
create function claim_ops._check_input(p_items text[], p_limit integer, p_raise jsonb)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
    v_known constant text[] := array(
        select wallet_items.item from claim_ops.wallet_items order by 1
    );
    v_breakers constant text[] := array(
        select distinct unnest(plan_kinds.breakers) from claim_ops.plan_kinds order by 1
    );
    v_unknown text;
begin
    select item into v_unknown
    from unnest(p_items) as item
    where item is not null and not item = any(v_known)
    limit 1;
    if v_unknown is not null then
        perform claim_ops._refuse(
            'CO013', format('unknown item %L', v_unknown),
            'The items are ' || array_to_string(v_known, ', ') || '.',
            'Name one of them, or add it to wallet_items'
        );
    end if;
    if p_limit <= 0 then
        perform claim_ops._refuse(
            'CO013', 'the limit must be above 0', format('It is %s.', p_limit),
            'Leave it out for all'
        );
    end if;
    select key into v_unknown
    from jsonb_each_text(p_raise)
    where not key = any(v_breakers) or value !~ '^[0-9]+([.][0-9]+)?$'
    limit 1;
    if v_unknown is not null then
        perform claim_ops._refuse(
            'CO013', format('%s=%s raises no limit', v_unknown, p_raise ->> v_unknown),
            'The limits are ' || array_to_string(v_breakers, ', ') || ', each with a number.',
            'For example: --raise max_wallets=20000'
        );
    end if;
end
$function$;
comment on function claim_ops._check_input is
'Refuses unknown items, a limit below 1 and unknown breakers.';
{{ claim_reconciliation.guard_hand_over('_check_input') }}
{% endmacro %}
