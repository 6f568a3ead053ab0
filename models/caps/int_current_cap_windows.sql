-- Grain: one row a window type, week and month:
-- where the window starts that a claim of this moment would fall in.
{{ config(materialized='replaced_view') }}

with

windows as (
    {%- for window in claim_reconciliation.cap_windows() %}
        select
            '{{ window.type }}' as window_type,
            {{ claim_reconciliation.cap_window_start(window, claim_reconciliation.current_time()) }}
                as window_start
        {{ 'union all' if not loop.last }}
    {%- endfor %}
),

final as (
    select
        *,
        {{ "false" if var('cap_window') == 'rolling' else "true" }} as holds_its_start
    from windows
)

select * from final
