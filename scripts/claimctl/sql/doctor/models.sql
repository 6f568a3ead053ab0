with

schemas as (
    select %(schemas)s::text[] as names
),

needed (name) as (
    values
    ('stg_claim_service__audit_purchases'),
    ('stg_claim_service__purchase_claims'),
    ('stg_claim_service__user_wallet_balances'),
    ('stg_claim_service__wallet_adjustments'),
    ('int_wallet_balances'),
    ('fct_claim_totals'),
    ('fct_expected_wallet_balances'),
    ('fct_wallet_discrepancies'),
    ('rpt_wallet_balance_health'),
    ('rpt_wallet_build')
),

relations as (
    select
        needed.name,
        names[1] as schema_name,
        pg_class.oid
    from schemas
    cross join needed
    left join pg_catalog.pg_namespace on pg_namespace.nspname = names[1]
    left join pg_catalog.pg_class
        on pg_namespace.oid = pg_class.relnamespace and needed.name = pg_class.relname
    where cardinality(names) = 1
),

findings as (
    select
        'warning' as state,
        coalesce('The schema ' || %(models_schema)s::text || ' does not hold', 'No schema holds')
        || ' the wallet models.' as finding,
        'Run dbt build, or name their schema by --models-schema.' as advice
    from schemas
    where cardinality(names) = 0
    union all
    select
        'warning',
        'Several schemas hold the wallet models: ' || array_to_string(names, ', ') || '.',
        'Choose one by --models-schema.'
    from schemas
    where cardinality(names) > 1
    union all
    select
        'error',
        schema_name || '.' || name || ' does not exist.',
        'Run dbt build --select package:claim_reconciliation.'
    from relations
    where oid is null
    union all
    select distinct
        'error',
        'The login ' || current_user || ' may not use the schema ' || schema_name || '.',
        'As its owner: grant usage on schema ' || quote_ident(schema_name) || ' to '
        || quote_ident(current_user) || ';'
    from relations
    where not has_schema_privilege(schema_name, 'usage')
    union all
    select
        'error',
        'The login ' || current_user || ' may not read ' || schema_name || '.' || name || '.',
        'As its owner: grant select on ' || quote_ident(schema_name) || '.' || name || ' to '
        || quote_ident(current_user) || ';'
    from relations
    where not has_table_privilege(oid, 'select')
)

select * from findings
union all
select
    'ok',
    'The wallet models are in the schema ' || names[1] || '.',
    null
from schemas
where not exists (select from findings)
