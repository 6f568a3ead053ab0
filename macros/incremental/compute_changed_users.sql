{% macro compute_changed_users(kept, again, columns) %}
    {#- Statements that compute the users of `due` again and let them be read in `live`. A row that
        is gone shows only in the counts: where these differ, so do those of some of 65,536 buckets
        of users, who are computed in a second round. -#}
loop
    if
        (
            select count(*) from (
                select user_id from {{ kept.due }} union select user_id from {{ kept.live }}
            ) as users
        ) - v_kept.base_live > greatest(1000, v_kept.base_users / 5)
    then
        v_why_full := 'the rows of more than a fifth of the users changed';
        exit;
    end if;
    if exists (select 1 from {{ kept.due }}) then
        {{ claim_reconciliation.replace_due_users(kept, again, columns) | indent(8) }}
    end if;
    if
        v_kept.rest_entries + (
            select coalesce(sum(ledger_entries), 0) from {{ kept.live }} where not is_gone
        ) = v_entries
        and v_kept.rest_wallets + (
            select count(*) from {{ kept.live }} where has_wallet and not is_gone
        ) = v_wallets
    then
        exit;
    elsif v_counted > 0 then
        v_why_full := 'the counts of rows do not agree';
        exit;
    end if;
    drop table {{ kept.due }};
    create unlogged table {{ kept.due }} as
    {{ claim_reconciliation.users_of_other_counts(kept) | indent(4) }};
    v_counted := (select count(*) from {{ kept.due }});
    v_users := v_users + v_counted;
    if v_counted = 0 then
        v_why_full := 'the counts of rows do not agree';
        exit;
    end if;
end loop;
drop table {{ kept.due }};
{%- endmacro %}


{% macro replace_due_users(kept, again, columns) %}
    {#- Statements that compute the users of `due` and put them into `live`, whoever has no row any
        more with a mark; what was at rest leaves the sums. Their claims are read once, and stay for
        as long as a balance is wrong. -#}
    {%- set quoted = [] -%}
    {%- for column in columns -%}
        {%- do quoted.append(adapter.quote(column)) -%}
    {%- endfor -%}
    {%- set names = quoted | join(', ') -%}
analyze {{ kept.due }};
-- PostgreSQL takes a lookup for four times a page of a scan, and would read all wallets for a few.
perform set_config('random_page_cost', '1.1', true);
create unlogged table {{ kept.due_claims }} as
{{ claim_reconciliation.claims_of_users(
    ref('stg_claim_service__purchase_claims'), kept.due
) }};
analyze {{ kept.due_claims }};
create unlogged table {{ kept.fresh }} as
select {{ names }} from (
    {{ again | indent(4) }}
) as balances;
create temporary table leaving on commit drop as
select base.*, true as is_settled, v_built_at as built_at
from {{ kept.base }} as base
join {{ kept.due }} as due on base.user_id = due.user_id
where not exists (select 1 from {{ kept.live }} as live where live.user_id = base.user_id);
update {{ kept.totals }} as totals set
    {%- for name in claim_reconciliation.total_columns() %}
    {{ name }} = totals.{{ name }} - leaving.{{ name }}{{ ',' if not loop.last }}
    {%- endfor %}
from (
    {{ claim_reconciliation.balance_totals('leaving') | indent(4) }}
) as leaving
where totals.item = leaving.item;
v_kept.rest_entries := v_kept.rest_entries - (select coalesce(sum(ledger_entries), 0) from leaving);
v_kept.rest_wallets := v_kept.rest_wallets - (select count(*) from leaving where has_wallet);
delete from {{ kept.live }} where user_id in (select user_id from {{ kept.due }});
insert into {{ kept.live }} ({{ names }}, is_gone)
select {{ names }}, false from {{ kept.fresh }};
if (select count(*) from {{ kept.fresh }}) < (select count(*) from {{ kept.due }}) then
    insert into {{ kept.live }} (user_id, is_gone)
    select base.user_id, true
    from {{ kept.base }} as base
    join {{ kept.due }} as due on base.user_id = due.user_id
    where not exists (select 1 from {{ kept.fresh }} as fresh where fresh.user_id = base.user_id);
end if;
delete from {{ kept.claims }} where user_id in (select user_id from {{ kept.due }});
insert into {{ kept.claims }}
{{ claim_reconciliation.claims_of_users(
    kept.due_claims,
    '(select * from ' ~ kept.fresh ~ ' as balances where '
    ~ claim_reconciliation.is_wrong('balances', 'v_built_at') ~ ')'
) }};
perform set_config('random_page_cost', v_page_cost, true);
drop table {{ kept.due_claims }};
drop table {{ kept.fresh }};
drop table leaving;
{%- endmacro %}


{% macro claims_of_users(claims, users) %}
    {#- A query for the claims of users, who have one row each. -#}
select claims.*
from {{ claims }} as claims
join {{ users }} as users on claims.user_id = users.user_id
{%- endmacro %}


{% macro users_of_other_counts(kept) %}
    {#- A query for the users in whose bucket there are more or fewer rows than are kept. -#}
    {%- set bucket = '(hashtext(user_id::text) & 65535)' -%}
with

kept as (
    select user_id, ledger_entries, has_wallet::int as wallets
    from {{ kept.base }} as base
    where not exists (select 1 from {{ kept.live }} as live where live.user_id = base.user_id)
    union all
    select user_id, ledger_entries, has_wallet::int
    from {{ kept.live }}
    where not is_gone
),

counts as (
    select {{ bucket }} as bucket, sum(ledger_entries) as entries, sum(wallets) as wallets
    from kept
    group by 1
    {%- for source in claim_reconciliation.watched_sources() %}
    union all
    select
        (hashtext(({{ source.user }})::text) & 65535),
        {{ '0, -count(*)' if source.name == 'user_wallet_balances' else '-count(*), 0' }}
    from {{ source.relation }}
    where {{ source.counts }}
    group by 1
    {%- endfor %}
)

select user_id
from kept
where {{ bucket }} in (
    select bucket from counts group by bucket having sum(entries) <> 0 or sum(wallets) <> 0
)
{%- endmacro %}
