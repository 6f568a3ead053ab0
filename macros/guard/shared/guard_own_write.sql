{% macro guard_own_write(user_id) -%}
    {#- The guard's last write of a user's wallet, with what identifies it. -#}
select journal.entry_id, journal.wallet_updated_at, journal.row_version, journal.wallet_changed_at
from claim_ops.journal
where journal.user_id = {{ user_id }}
    and journal.event = 'applied'
    and journal.row_version is not null
order by journal.entry_id desc
limit 1
{%- endmacro %}
