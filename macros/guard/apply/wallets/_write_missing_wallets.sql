{% macro claim_ops__write_missing_wallets() %}
create function claim_ops._write_missing_wallets(
    p_plan claim_ops.plans, p_items claim_ops.plan_lines[], p_batch_id bigint, p_until timestamptz
)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
declare
    v_created constant jsonb := claim_ops._create_wallets(p_items, p_until);
begin
    -- A later statement than the inserts, which may have waited for a writer: its snapshot holds
    -- what he committed.
    perform claim_ops._refuse_lines(
        coalesce(jsonb_object_agg(judged.line_no, judged.verdict), '{}') || v_created
    )
    from claim_ops._judge_lines(
        p_plan, p_items, array(select item.user_id from unnest(p_items) as item)
    ) as judged
    where judged.verdict is not null;
    perform claim_ops._write_lines(p_plan, p_items, p_batch_id, p_until);
end
$function$;
comment on function claim_ops._write_missing_wallets is
$$Creates the wallets of these lines, all of them or none: inserted empty, looked at again in a
later statement, completed. Refuses the lines that the second look does not bear out.$$;
{{ claim_reconciliation.guard_hand_over('_write_missing_wallets') }}
{% endmacro %}
