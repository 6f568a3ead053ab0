{% macro claim_ops__check_selection() %}
create function claim_ops._check_selection(
    p_type text, p_include_excess text[], p_changed_from timestamptz, p_changed_to timestamptz
)
returns void
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
begin
    if p_type not in ('short', 'excess') then
        perform claim_ops._refuse(
            'CO013', format('a balance is short or in excess, not %L', p_type),
            'A missing wallet is short of all that it should hold.',
            '--type short, or --type excess'
        );
    elsif p_type = 'excess' and coalesce(cardinality(p_include_excess), 0) = 0 then
        -- Else the plan would be empty, and read as if nothing were in excess.
        perform claim_ops._refuse(
            'CO013', 'what is in excess is only taken item by item, and no item is named',
            'Without an item nothing is taken from anybody.', 'Name it: --include-excess ITEM'
        );
    elsif p_changed_to <= p_changed_from then
        perform claim_ops._refuse(
            'CO013',
            format(
                'the range of changes ends at %s, not after its start at %s',
                p_changed_to, p_changed_from
            ),
            'A change at the end is not included.',
            'Give --changed-to a later time than --changed-from'
        );
    end if;
end
$function$;
comment on function claim_ops._check_selection is
'Refuses an unknown type of discrepancy, an excess of no item, and an empty range of changes.';
{{ claim_reconciliation.guard_hand_over('_check_selection') }}
{% endmacro %}
