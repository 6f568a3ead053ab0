{% macro kept_tables(balances) %}
    {#- The tables beside int_wallet_balances. `base`: each user as of the last full build, never
        written until the next one. `live`: those whose rows changed since, and those whom time
        alone may change: in flight, with a booster that runs, or wrong; whoever is there is read
        there. `totals`: the sums over the rest of base. `claims`: those of users with a wrong
        balance, of whom the causes are told by their history. `state`: one row about the build. -#}
    {%- set tables = {} -%}
    {%- for part in ['base', 'live', 'totals', 'claims', 'state'] -%}
        {%- do tables.update({part: claim_reconciliation.kept_table(balances, part)}) -%}
    {%- endfor -%}
    {{- return(tables) -}}
{% endmacro %}


{% macro kept_table(balances, part) %}
    {{- return(
        balances.include(database=false).incorporate(
            path={'identifier': balances.identifier ~ '__' ~ part}, type='table'
        )
    ) -}}
{% endmacro %}


{% macro kept_files(kept) %}
    {#- An expression for the files of the tables that no count is made of:
        what somebody emptied is lost. -#}
    concat_ws(
        ' ', pg_relation_filenode(to_regclass('{{ kept.base }}')),
        pg_relation_filenode(to_regclass('{{ kept.totals }}')),
        pg_relation_filenode(to_regclass('{{ kept.claims }}'))
    )
{%- endmacro %}


{% macro create_balances_state(state) %}
    {#- A statement that makes the table whose lock lets one build in; of two at once,
        one finds it there. -#}
do $state$
begin
    create table if not exists {{ state }} (
        built_at timestamptz not null,
        snapshot_xmin xid8 not null,
        rules text not null,
        sources text not null,
        kept_files text not null,
        base_users bigint not null,
        base_live bigint not null,
        rest_entries bigint not null,
        rest_wallets bigint not null,
        checks bigint not null,
        drifted text[] not null,
        said text not null
    );
exception when unique_violation or duplicate_table then
    null;
end
$state$
{% endmacro %}


{% macro balances_view(kept, columns) %}
    {#- The query of int_wallet_balances: what time decides is judged by the build's own moment. A
        filter on is_at_rest leaves out one of the halves. -#}
    {%- set halves = [
        (
            'base', 'true',
            'not exists (select 1 from ' ~ kept.live
            ~ ' as live where live.user_id = stored.user_id)'
        ),
        ('live', 'false', 'not stored.is_gone'),
    ] -%}
    {%- for half, is_at_rest, condition in halves %}
select
        {%- for column in columns %}
    stored.{{ adapter.quote(column) }},
        {%- endfor %}
    (select state.built_at from {{ kept.state }} as state) as built_at,
    {{ claim_reconciliation.is_settled(
        'stored.last_activity_at', '(select state.built_at from ' ~ kept.state ~ ' as state)'
    ) }} as is_settled,
    {{ is_at_rest }} as is_at_rest
from {{ kept[half] }} as stored
where {{ condition }}
        {%- if not loop.last %}
union all
        {%- endif %}
    {%- endfor %}
{%- endmacro %}
