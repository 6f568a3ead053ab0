{% macro guard_roles() %}
    {#- Group roles that logins are granted, the schema's owner, the functions' role, and the one
        that writes wallets: a trigger of the wallets' owner runs as the last, and so without any
        right on plans and journal. A CREATEROLE login that is no superuser lends itself the three
        owners and gives them back at the end (guard_return_roles). -#}
do $roles$
declare
    v_role text;
begin
    foreach v_role in array array[
        'claim_owner', 'claim_guard', 'claim_writer',
        'claim_reader', 'claim_planner', 'claim_approver', 'claim_applier', 'claim_alerter'
    ] loop
        if not exists (select 1 from pg_catalog.pg_roles where rolname = v_role) then
            execute format('create role %I nologin', v_role);
            -- For guard_checks: a refusal takes these roles away again, and nobody could
            -- grant them anything.
            perform set_config(
                'claim_ops.new_roles',
                concat(current_setting('claim_ops.new_roles', true), 'create role ', v_role, '; '),
                true
            );
        end if;
    end loop;
    if not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
        foreach v_role in array array['claim_owner', 'claim_guard', 'claim_writer'] loop
            execute format('grant %I to current_user', v_role)
                || case when current_setting('server_version_num')::integer >= 160000
                    then ' with inherit true, set true' else '' end;
        end loop;
    end if;
    grant claim_reader to claim_planner, claim_approver, claim_applier, claim_alerter;
exception when insufficient_privilege then
    raise exception using errcode = 'CO101',
        message = format('%I may not set up the roles of the guard', current_user),
        detail = sqlerrm,
        hint = format(
            'As a superuser: alter role %1$I createrole; or, where another login made the roles: '
            'grant claim_owner, claim_guard, claim_writer, claim_reader to %1$I with admin %2$s;',
            current_user, case when current_setting('server_version_num')::integer >= 160000
                then 'true, inherit false, set false' else 'option' end
        );
end
$roles$;
{% endmacro %}


{% macro guard_return_roles() %}
do $roles$
begin
    if not (select rolsuper from pg_catalog.pg_roles where rolname = current_user) then
        revoke claim_owner, claim_guard, claim_writer from current_user;
    end if;
end
$roles$;
{% endmacro %}
