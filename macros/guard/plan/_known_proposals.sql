{% macro claim_ops__known_proposals() %}
create function claim_ops._known_proposals(p_proposals jsonb)
returns jsonb
language plpgsql
volatile
set search_path = pg_catalog, pg_temp
set row_security = off
set plan_cache_mode = force_custom_plan
as $function$
declare
    v_most constant integer := 1000000;
    v_digest constant text := (select settings.digest from claim_ops.settings);
    v_other text;
    v_known jsonb;
begin
    if p_proposals is null then
        return null;
    elsif jsonb_typeof(p_proposals -> 'keys') is distinct from 'array' then
        perform claim_ops._refuse(
            'CO013', 'the proposals have no list of keys',
            'They are {source, settings_digests, keys: [[user_id, item], ...]}.',
            'claimctl plan wallets --proposals SOURCE'
        );
    elsif jsonb_array_length(p_proposals -> 'keys') > v_most then
        perform claim_ops._refuse(
            'CO013',
            format(
                'there are %s proposals, more than %s',
                jsonb_array_length(p_proposals -> 'keys'), v_most
            ),
            'So many wrong wallets probably have one cause.',
            'Find it first, then propose them in several parts'
        );
    end if;
    select digests.value into v_other
    from jsonb_array_elements_text(
        coalesce(p_proposals -> 'settings_digests', '[]')
    ) as digests (value)
    where digests.value is distinct from v_digest
    limit 1;
    if found then
        perform claim_ops._refuse(
            'CO008',
            'the proposals were made with other settings or another catalogue '
            'than the guard was installed with',
            format('proposals %s, guard %s', left(v_other, 12), left(v_digest, 12)),
            'Take a snapshot and find anew: claimctl lake snapshot DIR'
        );
    end if;

    select jsonb_agg(jsonb_build_object(
        'number', judged.number, 'user_id', judged.user_id, 'item', judged.item,
        -- As given, for people; a hostile one may be as long as a book.
        'given_user_id', left(judged.given, 80), 'given_item', left(judged.item, 80),
        'reason', case
            when coalesce(btrim(judged.given), '') = '' or coalesce(btrim(judged.item), '') = ''
                then 'no_key'
            when not judged.is_item then 'unknown_item'
            when judged.id is null then 'no_user_id'
            when judged.user_id is null then 'unknown_user'
            when judged.occurrence > 1 then 'duplicate'
        end
    ))
    into v_known
    from (
        select
            known.*, wallet_items.item is not null as is_item,
            row_number() over (partition by known.user_id, known.item order by known.number)
                as occurrence
        from (
            select
                keys.number, keys.given, keys.item, keys.id,
                {{ claim_reconciliation.guard_known_user('keys.id') | indent(16) }} as user_id
            from (
                select
                    keys.number, keys.key ->> 0 as given, keys.key ->> 1 as item,
                    claim_ops._as_user_id(keys.key ->> 0) as id
                from jsonb_array_elements(p_proposals -> 'keys')
                    with ordinality as keys (key, number)
                -- Else each use of the id below would make it anew.
                offset 0
            ) as keys
        ) as known
        left join claim_ops.wallet_items on known.item = wallet_items.item
    ) as judged;
    return coalesce(v_known, '[]');
end
$function$;
comment on function claim_ops._known_proposals is
$$Returns keys that somebody proposes as {number, user_id, item, reason}, with the user as the
models write it, and with the reason why a key is none: no_key (empty), unknown_item,
no_user_id, unknown_user, duplicate. Refuses proposals made from other rules than the guard's.
Null stays null.$$;
{{ claim_reconciliation.guard_hand_over('_known_proposals') }}
{% endmacro %}
