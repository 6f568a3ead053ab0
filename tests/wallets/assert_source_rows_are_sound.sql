-- What no claim service should hold, as one row a source and fault: an incomplete or doubled row, a
-- time that cannot be (infinite, before 2000, or over a year ahead), a negative quantity. Such a
-- row counts as it stands, or not at all. A doubled one is looked for only where no key forbids it;
-- of the log, all times and the answers of two days are read.
-- depends_on: {{ ref('rpt_wallet_build') }}
{%- set views = {} %}
{%- for source in claim_reconciliation.source_faults() %}
    {%- do views.update({source: ref('stg_claim_service__' ~ source)}) %}
{%- endfor %}
with

faults as (
    {{ claim_reconciliation.rows_with_faults(views) | indent(4) }}
),

final as (
    select * from faults
    where faulty_rows > 0
)

select * from final
