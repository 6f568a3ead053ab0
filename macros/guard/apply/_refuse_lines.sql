{% macro claim_ops__refuse_lines() %}
create function claim_ops._refuse_lines(p_verdicts jsonb)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
begin
    if p_verdicts <> '{}' then
        -- Back to the savepoint: neither claims nor wallets of a skipped line stay.
        raise exception using errcode = 'CO901', message = p_verdicts::text;
    end if;
end
$function$;
comment on function claim_ops._refuse_lines is
$$Takes back what was written since the savepoint of _apply_in_halves, which skips these lines,
given as {line: reason}.$$;
{{ claim_reconciliation.guard_hand_over('_refuse_lines') }}
{% endmacro %}
