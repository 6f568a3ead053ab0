{% macro claim_ops__chunk_digest() %}
create function claim_ops._chunk_digest(p_plan_id bigint, p_chunk_no integer)
returns text
language sql
volatile
set search_path = pg_catalog, pg_temp
set timezone = 'UTC'
as $function$
    -- In line order and in UTC: else one plan would have another digest in another session.
    -- json and not jsonb: nobody reads the document, and jsonb takes four times as long to make.
    select encode(sha256(convert_to(coalesce(json_agg(
        json_build_array(line_no, user_id, before, after, details) order by line_no
    ), '[]')::text, 'UTF8')), 'hex')
    from claim_ops.plan_lines
    where plan_id = p_plan_id
        and line_no between p_chunk_no * {{ claim_reconciliation.guard_chunk_lines() }} + 1
        and (p_chunk_no + 1) * {{ claim_reconciliation.guard_chunk_lines() }}
$function$;
comment on function claim_ops._chunk_digest is
$$SHA-256, in hex, over the lines of a chunk as JSON arrays: joined text would let a delimiter
inside a value pass for two.$$;
{{ claim_reconciliation.guard_hand_over('_chunk_digest') }}
{% endmacro %}
