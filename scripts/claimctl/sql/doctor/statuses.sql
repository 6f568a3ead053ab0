-- Whether the store's statuses are those that the vars name: where no status is a payment, nothing
-- is ever missed and nothing recovered. The histogram is made only then, because it reads the whole
-- trail.
with

audit as (
    select
        status::text as status,
        sku
    from {models}.stg_claim_service__audit_purchases
),

payments as (
    select jsonb_array_elements_text(%(settings)s::jsonb -> 'recoverable_statuses') as status
),

findings as (
    select
        'warning' as state,
        'No purchase has a status of recoverable_statuses ('
        || coalesce((select string_agg(status, ', ') from payments), 'none')
        || '): none will ever be called paid. The store reports '
        || (
            select string_agg(
                coalesce(status, 'null') || ' of ' || coalesce(sku, 'null') || ' (' || rows || ')',
                ', '
                order by rows desc, status, sku
            )
            from (
                select
                    status,
                    sku,
                    count(*) as rows
                from audit
                group by status, sku
                order by rows desc, status, sku
                limit 10
            ) as histogram
        ) || '.' as finding,
        'Set the var recoverable_statuses to what the store calls a payment, and run dbt build.'
            as advice
    where exists (select from audit)
        and not exists (select from audit where status in (select status from payments))
)

select * from findings
