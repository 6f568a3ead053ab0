{% macro claim_ops__check_reason() %}
create function claim_ops._check_reason(p_reason text, p_who text)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
begin
    -- Blanks, and letters without a width, are no reason: a later reader sees nothing.
    if coalesce(translate(
        p_reason,
        E' \t\n\r\f\v\u00a0\u00ad\u1680\u180e'
        '\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a'
        '\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202f\u205f\u2060\u2800\u3000\u3164\ufeff', ''
    ), '') = '' then
        perform claim_ops._refuse(
            'CO013', 'this needs a reason that can be read', p_who || ' reads it.',
            'Say why: --reason "..."'
        );
    end if;
end
$function$;
comment on function claim_ops._check_reason is
'Refuses a reason that is missing, or of blanks and letters without a width.';
{{ claim_reconciliation.guard_hand_over('_check_reason') }}
{% endmacro %}
