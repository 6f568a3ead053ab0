{% macro claim_ops__create_wallets() %}
create function claim_ops._create_wallets(p_items claim_ops.plan_lines[], p_until timestamptz)
returns jsonb
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
    v_verdicts jsonb := '{}';
    v_item claim_ops.plan_lines;
begin
    foreach v_item in array p_items loop
        continue when v_item.before is not null;
        -- Each of them may have to wait for a writer's insert; together no longer
        -- than the batch may.
        perform claim_ops._limit_waits(p_until);
        if not claim_ops._create_wallet(v_item.user_id) then
            v_verdicts := v_verdicts || jsonb_build_object(v_item.line_no::text, 'changed');
        end if;
    end loop;
    perform claim_ops._limit_waits(p_until);
    return v_verdicts;
end
$function$;
comment on function claim_ops._create_wallets is
$$Inserts the missing wallets of these lines empty; returns {line: changed} for those that somebody
else has created.$$;
{{ claim_reconciliation.guard_hand_over('_create_wallets') }}
{% endmacro %}
