-- Whether models and guard hold the same rules; where they do not, every plan is refused.
select
    'warning' as state,
    'The models were built with other settings or another catalogue than the guard was '
    || 'installed with: plans are refused.' as finding,
    'Run dbt build, then dbt run-operation install_guard.' as advice
from {models}.rpt_wallet_build as build
cross join claim_ops.settings
where build.settings_digest is distinct from settings.digest
union all
-- What was found when it was built: a view that does not read the guard's was built without one.
select
    'warning',
    pg_class.relname || ' was built before the guard was installed: ' || case pg_class.relname
        when 'stg_claim_ops__plan_claims'
            then 'claims of approved overrides count as violations of their cap.'
        else 'no alert tells of an unapproved kill switch.'
    end,
    'Run dbt build --select ' || pg_class.relname || '.'
from pg_catalog.pg_class
inner join pg_catalog.pg_namespace on pg_class.relnamespace = pg_namespace.oid
where
    pg_namespace.nspname = %(models_schema)s
    and pg_class.relname in ('stg_claim_ops__plan_claims', 'stg_claim_ops__unapproved_break_glass')
    and pg_class.relkind = 'v'
    and not exists (
        select from pg_catalog.pg_depend
        inner join pg_catalog.pg_rewrite on pg_depend.objid = pg_rewrite.oid
        inner join pg_catalog.pg_class as sources on pg_depend.refobjid = sources.oid
        where
            pg_rewrite.ev_class = pg_class.oid
            and pg_depend.classid = 'pg_catalog.pg_rewrite'::regclass
            and sources.relname = replace(pg_class.relname, 'stg_claim_ops__', '')
            and sources.relnamespace::regnamespace::text = 'claim_ops'
    )
