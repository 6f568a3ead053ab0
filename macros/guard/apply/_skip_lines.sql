{% macro claim_ops__skip_lines() %}
create function claim_ops._skip_lines(
    p_plan_id bigint, p_batch_id bigint, p_pass integer, p_verdicts jsonb
)
returns void
language sql
volatile
set search_path = pg_catalog, pg_temp
as $function$
    insert into claim_ops.journal (batch_id, event, plan_id, line_no, user_id, detail)
    select p_batch_id, 'skipped', p_plan_id, plan_lines.line_no, plan_lines.user_id,
        case jsonb_typeof(verdict.value)
            when 'object' then verdict.value else jsonb_build_object('reason', verdict.value)
        end
    from jsonb_each(p_verdicts) as verdict
    join claim_ops.plan_lines
        on plan_lines.plan_id = p_plan_id and plan_lines.line_no = verdict.key::integer
    -- Skipped at once, a user who happens to be claiming would keep a wrong wallet.
    where verdict.value <> to_jsonb('busy'::text) or p_pass >= 10
    order by plan_lines.line_no
$function$;
comment on function claim_ops._skip_lines is
$$Journals lines as skipped, given as {line: reason} or {line: {reason, sentence}}; a busy one stays
pending until the tenth pass.$$;
{{ claim_reconciliation.guard_hand_over('_skip_lines') }}
{% endmacro %}
