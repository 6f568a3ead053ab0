{{ config(
    materialized='replaced_view',
    enabled=(project_name == 'claim_reconciliation' and target.type != 'spark')
) }}
-- Grain: one row an hour in UTC, of five years and this one and the next:
-- the time spine of the semantic models.
with

this_year as (
    select date_trunc('year', {{ claim_reconciliation.current_time() }}, 'UTC') at time zone 'UTC'
        as began_at
),

final as (
    select hours.hour at time zone 'UTC' as hour
    from this_year
    cross join
        generate_series(
            this_year.began_at - interval '5 years',
            this_year.began_at + interval '2 years' - interval '1 hour',
            interval '1 hour'
        ) as hours (hour)
)

select * from final
