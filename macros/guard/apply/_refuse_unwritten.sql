{% macro claim_ops__refuse_unwritten() %}
create function claim_ops._refuse_unwritten(p_what text, p_table text, p_plan_id bigint)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
begin
    perform claim_ops._refuse(
        'CO011',
        format('%s was not written as planned', p_what) || coalesce(
            format('; triggers on %s: ', p_table) || (
                select string_agg(pg_trigger.tgname, ', ' order by pg_trigger.tgname)
                from pg_catalog.pg_trigger
                where pg_trigger.tgrelid = p_table::regclass and not pg_trigger.tgisinternal
            ),
            '; the table has no trigger: a rule or a generated column may have changed it'
        ),
        'What an approver has seen is written, or nothing is.',
        format('Disable the trigger, then: claimctl apply %s', p_plan_id)
    );
end
$function$;
comment on function claim_ops._refuse_unwritten is
'Refuses a row that came back otherwise than it was planned, and names the table''s triggers.';
{{ claim_reconciliation.guard_hand_over('_refuse_unwritten') }}
{% endmacro %}
