{% macro check_kept_users(target, kept, again, columns) %}
    {#- Statements that compute a part of all users anew, another one each time, and keep who
        differs: nothing that the build knows of explains it. Whoever does is right again
        afterwards. -#}
    {%- set quoted = [] -%}
    {%- for column in columns -%}
        {%- do quoted.append(adapter.quote(column)) -%}
    {%- endfor -%}
    {%- set names = quoted | join(', ') -%}
    {%- set parts = claim_reconciliation.number_var('wallet_check_parts') -%}
if v_why_full is null then
    v_part := mod(v_kept.checks, {{ parts }});
    create unlogged table {{ kept.due }} as
    select user_id
    from {{ target }}
    where mod(hashtext(user_id::text)::bigint + 2147483648, {{ parts }}) = v_part;
    analyze {{ kept.due }};
    create unlogged table {{ kept.due_claims }} as
    {{ claim_reconciliation.claims_of_users(
        ref('stg_claim_service__purchase_claims'), kept.due
    ) | indent(4) }};
    create temporary table anew on commit drop as
    select {{ names }} from (
        {{ again | indent(8) }}
    ) as balances;
    create temporary table stored on commit drop as
    select {{ names }} from {{ target }} where user_id in (select user_id from {{ kept.due }});
    delete from {{ kept.due }} where user_id not in (
        select user_id from (select * from anew except select * from stored) as changed
        union
        select user_id from (select * from stored except select * from anew) as changed
        union
        select user_id from (
            {{ claim_reconciliation.claims_of_users(
                kept.due_claims,
                '(select * from anew as balances where '
                ~ claim_reconciliation.is_wrong('balances', 'v_built_at') ~ ')'
            ) | indent(12) }}
            except
            select * from {{ kept.claims }}
        ) as lost
        union
        select user_id from (
            {{ claim_reconciliation.claims_of_users(kept.claims, kept.due) | indent(12) }}
            except
            select * from {{ kept.due_claims }}
        ) as stale
    );
    drop table {{ kept.due_claims }};
    v_kept.checks := v_kept.checks + 1;
    v_kept.drifted := array(select user_id::text from {{ kept.due }} order by user_id limit 100);
    if exists (select 1 from {{ kept.due }}) then
        {{ claim_reconciliation.replace_due_users(kept, again, columns) | indent(8) }}
    end if;
    drop table {{ kept.due }};
end if;
{%- endmacro %}
