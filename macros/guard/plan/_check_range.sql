{% macro claim_ops__check_range() %}
create function claim_ops._check_range(p_from timestamptz, p_to timestamptz)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
as $function$
begin
    if p_from is null or p_to is null then
        perform claim_ops._refuse(
            'CO013', 'a recovery needs both ends of its range',
            'Without them it would reach back to the first purchase.',
            'Name the incident''s hours: --from 2026-11-24T08:00Z --to 2026-11-24T10:00Z'
        );
    elsif p_to <= p_from then
        perform claim_ops._refuse(
            'CO013', format('the range ends at %s, not after its start at %s', p_to, p_from),
            'A purchase at the end is not included.', 'Give --to a later time than --from'
        );
    elsif p_to > clock_timestamp() then
        perform claim_ops._refuse(
            'CO013', format('the range ends in the future, at %s', p_to),
            'Purchases until then do not exist yet.',
            'End it now or earlier'
        );
    end if;
end
$function$;
comment on function claim_ops._check_range is
'Refuses a range of time without an end, empty, or in the future.';
{{ claim_reconciliation.guard_hand_over('_check_range') }}
{% endmacro %}
