-- Nobody claimed more than the caps allow, but for what plans inserted and what these claims pushed
-- beyond a cap.
-- depends_on: {{ ref('rpt_wallet_build') }}
select *
from {{ ref('fct_cap_violations') }}
where not is_excused
