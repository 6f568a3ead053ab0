-- Whether models and guard hold the same rules; where they do not, every plan is refused.
select
    'warning' as state,
    'The models were built with other settings or another catalogue than the guard was installed with: '
    || 'plans are refused.' as finding,
    'Run dbt build, then dbt run-operation install_guard.' as advice
from {models}.rpt_wallet_build as build
cross join claim_ops.settings
where build.settings_digest is distinct from settings.digest
