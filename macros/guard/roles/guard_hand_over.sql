{% macro guard_hand_over(function, to=[], owner='claim_guard') -%}
    {#- The end of each function's macro: whose rights it runs with, and which group
        roles may call it. -#}
select claim_ops._hand_over(
    'claim_ops.{{ function }}', '{{ owner }}', '{ {{- to | join(',') -}} }'
);
{%- endmacro %}


{% macro guard_hand_over_function() %}
create or replace function claim_ops._hand_over(p_function regproc, p_owner name, p_to name[])
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
declare
    v_function constant regprocedure := p_function::oid;
    v_grantee text;
begin
    -- PUBLIC may execute every new function, and so may whom default privileges name.
    for v_grantee in
        select distinct case aclexplode.grantee
            when 0 then 'public'
            else quote_ident(pg_get_userbyid(aclexplode.grantee))
        end
        from pg_catalog.pg_proc
        cross join aclexplode(coalesce(pg_proc.proacl, acldefault('f', pg_proc.proowner)))
        where pg_proc.oid = v_function and aclexplode.grantee <> pg_proc.proowner
    loop
        execute format('revoke all on function %s from %s cascade', v_function, v_grantee);
    end loop;
    foreach v_grantee in array array['claim_guard', 'claim_owner'] || p_to::text[] loop
        execute format('grant execute on function %s to %I', v_function, v_grantee);
    end loop;
    -- Of what a login calls, and so of all that is called by it: a plan's lines are new and have no
    -- statistics, and by the planner's guess a server that was built with LLVM compiles each look
    -- at them, for seconds.
    if p_to <> '{}' then
        execute format('alter function %s set jit = off', v_function);
    end if;
    execute format('alter function %s owner to %I', v_function, p_owner);
end
$function$;
revoke all on function claim_ops._hand_over(regproc, name, name[]) from public;
{% endmacro %}
