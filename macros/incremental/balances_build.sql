{% macro balances_build(target, query, columns, is_asked_for, is_checked=false) %}
    {#- The statements of one build, which its caller commits: what is kept and what is read change
        in one transaction. The locks come before the snapshot: it must not be older than what
        another build left, nor than a table that was emptied. -#}
    {%- set target = target.include(database=false) -%}
    {%- set kept = claim_reconciliation.kept_tables(target) -%}
    {%- for part in ['due', 'due_claims', 'fresh'] -%}
        {%- do kept.update({part: claim_reconciliation.kept_table(target, part)}) -%}
    {%- endfor -%}
    {%- set again = claim_reconciliation.balances_of_changed(kept.due, kept.due_claims) -%}
    {%- set catalog = ref(var('sku_catalog_model')) -%}
    {%- set unwatchable = claim_reconciliation.unwatchable_source() -%}
commit;
begin isolation level repeatable read;
{{ claim_reconciliation.refuse_hidden_rows() }};
lock table {{ kept.state }} in share row exclusive mode;
{%- for source in claim_reconciliation.watched_sources() if not unwatchable %}
lock table {{ source.relation }} in access share mode;
{%- endfor %}
do $build$
#variable_conflict use_column
declare
    v_built_at constant timestamptz :=
        {{ claim_reconciliation.current_time() if var('as_of', none) else 'clock_timestamp()' }};
    v_snapshot constant pg_snapshot := pg_current_snapshot();
    v_page_cost constant text := current_setting('random_page_cost');
    v_rules constant text := md5('{{ local_md5(
        query ~ again ~ claim_reconciliation.balances_view(kept, columns)
        ~ claim_reconciliation.rules_of_columns()
    ) }}' || {{ claim_reconciliation.rules_in_force(catalog) | indent(8) }});
    v_sources constant text := {{ claim_reconciliation.state_of_sources() | indent(8) }};
    v_kept {{ kept.state }}%rowtype;
    v_why_full text;
    v_from bytea;
    v_until bytea;
    v_entries bigint;
    v_wallets bigint;
    v_users bigint;
    v_counted bigint := 0;
    v_part bigint;
begin
    select * into v_kept from {{ kept.state }};
    v_why_full := {{ claim_reconciliation.reason_for_full_build(
        target, kept, is_asked_for, unwatchable
    ) | indent(8) }};
    if v_why_full is null then
        {{ claim_reconciliation.find_changed_users(kept) | indent(8) }}
        {{ claim_reconciliation.compute_changed_users(kept, again, columns) | indent(8) }}
        {%- if is_checked %}
        {{ claim_reconciliation.check_kept_users(target, kept, again, columns) | indent(8) }}
        {%- endif %}
    end if;
    if v_why_full is not null then
        {{ claim_reconciliation.compute_all_users(target, kept, query, columns) | indent(8) }}
    else
        {{ claim_reconciliation.keep_state(kept) | indent(8) }}
    end if;
end
$build$
{%- endmacro %}


{% macro keep_state(kept) %}
    {#- A statement that moves the bookmark, where not all users were computed. -#}
update {{ kept.state }} set
    built_at = v_built_at,
    snapshot_xmin = pg_snapshot_xmin(v_snapshot),
    rest_entries = v_kept.rest_entries,
    rest_wallets = v_kept.rest_wallets,
    checks = v_kept.checks,
    drifted = v_kept.drifted,
    said = format(
        '%s of %s users were computed again, %s of them by their count.',
        v_users, v_kept.base_users, v_counted
    );
{%- endmacro %}


{% macro balances_of_changed(due, claims) %}
    {#- The query of int_wallet_balances for the users of a table, of whom the other has claims. -#}
    {{- return(claim_reconciliation.balances_of(
        claims, ref('stg_claim_service__user_wallet_balances'),
        ref('stg_claim_service__wallet_adjustments'), ref(var('sku_catalog_model')), users=due
    )) -}}
{% endmacro %}
