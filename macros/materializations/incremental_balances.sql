{#- int_wallet_balances: a view on tables that are kept beside it. A build computes the users whose
    rows changed, and all of them where what it keeps does not hold; see docs/incremental.md. -#}
{% materialization incremental_balances, adapter='postgres' %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type='view') -%}
    {%- set kept = claim_reconciliation.kept_tables(this) -%}

    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {% call statement('state') -%}
        {{ claim_reconciliation.create_balances_state(kept.state) }}
    {%- endcall %}
    {%- set columns = get_columns_in_query(sql) | reject('in', ['built_at', 'is_settled'])
        | list -%}
    {{ adapter.commit() }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% call statement('main') -%}
        {{ claim_reconciliation.balances_build(
            this, sql, columns, should_full_refresh(),
            is_checked='test.claim_reconciliation.wallets_are_up_to_date' in selected_resources,
        ) }}
    {%- endcall %}
    {%- do run_query(claim_reconciliation.share_relations(
        "oid in ('" ~ kept.values() | join("'::regclass, '") ~ "'::regclass)"
    )) %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do apply_grants(
        target, config.get('grants'), should_revoke=should_revoke(existing, full_refresh_mode=False)
    ) %}
    {% do persist_docs(target, model) %}
    {%- set said = run_query('select said from ' ~ kept.state).rows[0][0] -%}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {%- do log(this.identifier ~ ': ' ~ said, info=true) -%}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}
