{{ config(materialized='replaced_view') }}
-- Grain: one row a table of the claim service that is read as a whole. What is small is fast whatever its state.
with

tables as (
    select * from {{ ref('stg_server__tables') }}
),

shares as (
    select
        *,
        dead_rows::double precision / nullif(live_rows + dead_rows, 0) as dead_share,
        all_visible_pages::double precision / nullif(pages, 0) as all_visible_share,
        pages > 1000 or live_rows > 100000 as is_large
    from tables
    where source in ('purchase_claims', 'user_wallet_balances')
),

final as (
    select
        relation as table_name,
        live_rows,
        dead_rows,
        dead_share,
        all_visible_share,
        bytes as table_bytes,
        transaction_age,
        vacuumed_at,
        analyzed_at,
        case
            when
                coalesce(transaction_age > current_setting('autovacuum_freeze_max_age')::bigint, false)
                or (is_large and (coalesce(dead_share > 0.2, false) or analyzed_at is null))
                then 'vacuum (analyze) ' || relation || ';'
        end as advice
    from shares
)

select * from final
