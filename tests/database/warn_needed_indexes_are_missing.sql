-- Each index that the service needs is there; ddl is the statement that makes it.
{{ config(severity='warn') }}
-- depends_on: {{ ref('rpt_wallet_build') }}
select *
from {{ ref('rpt_index_coverage') }}
where status in ('missing', 'invalid')
