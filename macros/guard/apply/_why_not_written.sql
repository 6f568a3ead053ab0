{% macro claim_ops__why_not_written() %}
create function claim_ops._why_not_written(p_sqlstate text, p_message text)
returns jsonb
language sql
volatile
set search_path = pg_catalog, pg_temp
as $function$
    select case
        -- A verdict of ours on its way back to the savepoint.
        when p_sqlstate = 'CO900' then to_jsonb(p_message)
        when p_sqlstate in ('55P03', '40P01') then to_jsonb('busy'::text)
        -- A missing right or a hidden row is the installation's fault, and the server's trouble
        -- is no line's either.
        when p_sqlstate = '42501' or left(p_sqlstate, 2) in ('53', '57', '58', 'XX', '25', '40')
            then null
        else jsonb_build_object(
            'reason', case p_sqlstate
                when '23503' then 'no_such_user'
                when 'CO011' then 'not_written'
                else 'cannot_be_written'
            end,
            'sentence', p_message
        )
    end
$function$;
comment on function claim_ops._why_not_written is
$$What an error says about the line that met it: busy; no_such_user, not_written or
cannot_be_written with the database's sentence; null where it says nothing about a line, and has to
be raised again.$$;
{{ claim_reconciliation.guard_hand_over('_why_not_written') }}
{% endmacro %}
