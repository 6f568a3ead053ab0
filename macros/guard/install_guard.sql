{% macro install_guard(dry_run=false, repoint=false, rehearse=true) %}
    {#- `dbt run-operation install_guard`: installs or upgrades the schema claim_ops, in one transaction. Run it again
        whenever a setting, an item or the catalogue has changed. -#}
    {%- do claim_reconciliation.refuse_unreadable_sources(always=true) -%}
    {%- set models_schema = ref('rpt_wallet_build').schema -%}
    {%- set script = claim_reconciliation.guard_script(models_schema, repoint) -%}
    {%- if execute and dry_run -%}
        {%- if rehearse -%}
            {#- Run and taken back, so that it refuses what the installation would refuse. -#}
            {%- do run_query('begin;\n' ~ script ~ '\nrollback;') -%}
        {%- endif -%}
        {{- print(script) -}}
    {%- elif execute -%}
        {%- do run_query('begin;\n' ~ script ~ '\ncommit;') -%}
        {{- print('The guard is installed in claim_ops. Next: claimctl doctor') -}}
    {%- endif -%}
{% endmacro %}


{% macro guard_script(models_schema, repoint) %}
-- One installer at a time.
select pg_advisory_xact_lock(hashtextextended('claim_ops.install', 0));
set local client_min_messages = warning;
-- Else a function that reads a table with row-level security fails before guard_checks names all that is missing.
set local check_function_bodies = off;
{{ claim_reconciliation.guard_roles() }}
create schema if not exists claim_ops authorization claim_owner;
{{ claim_reconciliation.guard_drop_functions() }}
{{ claim_reconciliation.guard_settings_tables() }}
{{ claim_reconciliation.guard_plan_tables() }}
{{ claim_reconciliation.guard_alert_tables() }}
{{ claim_reconciliation.guard_left_out_table() }}
{{ claim_reconciliation.guard_journal_tables() }}
{{ claim_reconciliation.guard_views() }}
{{ claim_reconciliation.guard_functions() }}
{{ claim_reconciliation.guard_triggers() }}
{{ claim_reconciliation.guard_settings(models_schema, repoint) }}
{{ claim_reconciliation.guard_rights(models_schema) }}
{{ claim_reconciliation.guard_checks(models_schema) }}
{{ claim_reconciliation.guard_record_installation() }}
{{ claim_reconciliation.guard_return_roles() }}
{% endmacro %}


{% macro guard_drop_functions() %}
    {#- All functions are made anew, so that none of an older version stays; triggers go with them and come again. -#}
do $functions$
declare
    v_function regprocedure;
begin
    for v_function in
        select pg_proc.oid::regprocedure from pg_catalog.pg_proc
        where pg_proc.pronamespace = 'claim_ops'::regnamespace
    loop
        execute format('drop function if exists %s cascade', v_function);
    end loop;
end
$functions$;
{% endmacro %}


{% macro guard_functions() %}
    {#- Helpers before those that call them, for readers of the script; plpgsql resolves names when it runs. -#}
{{ claim_reconciliation.guard_refuse() }}
{{ claim_reconciliation.guard_keep_append_only() }}
{{ claim_reconciliation.guard_keep_line() }}
{{ claim_reconciliation.guard_keep_plan() }}
{{ claim_reconciliation.guard_entries_digest() }}
{{ claim_reconciliation.guard_seal_journal() }}
{{ claim_reconciliation.guard_seal_event() }}
{{ claim_reconciliation.guard_write_event() }}
{{ claim_reconciliation.guard_check_journal() }}
{{ claim_reconciliation.guard_objects() }}
{{ claim_reconciliation.guard_check_objects() }}
{{ claim_reconciliation.guard_chunk_digest() }}
{{ claim_reconciliation.guard_plan_digest() }}
{{ claim_reconciliation.guard_check_isolation() }}
{{ claim_reconciliation.guard_check_key() }}
{{ claim_reconciliation.guard_check_pause() }}
{{ claim_reconciliation.guard_check_input() }}
{{ claim_reconciliation.guard_check_user() }}
{{ claim_reconciliation.guard_check_reason() }}
{{ claim_reconciliation.guard_check_rules() }}
{{ claim_reconciliation.guard_check_plan_rules() }}
{{ claim_reconciliation.guard_check_digest() }}
{{ claim_reconciliation.guard_breaker_figures() }}
{{ claim_reconciliation.guard_check_breakers() }}
{{ claim_reconciliation.guard_find_plan() }}
{{ claim_reconciliation.guard_lock_wallets() }}
{{ claim_reconciliation.guard_write_wallets() }}
{{ claim_reconciliation.guard_create_wallet() }}
{{ claim_reconciliation.guard_delete_wallet() }}
{{ claim_reconciliation.guard_insert_claims() }}
{{ claim_reconciliation.guard_delete_claims() }}
{{ claim_reconciliation.guard_wallet_states() }}
{{ claim_reconciliation.guard_wallet_states_with() }}
{{ claim_reconciliation.guard_purchases() }}
{{ claim_reconciliation.guard_unclaimed_items() }}
{{ claim_reconciliation.guard_lines_to_correct() }}
{{ claim_reconciliation.guard_start_plan() }}
{{ claim_reconciliation.guard_finish_plan() }}
{{ claim_reconciliation.guard_plan_wallets() }}
{{ claim_reconciliation.guard_purchase_plans() }}
{{ claim_reconciliation.guard_check_only_rollback() }}
{{ claim_reconciliation.guard_plan_rollback() }}
{{ claim_reconciliation.guard_check_approver() }}
{{ claim_reconciliation.guard_approve_plan() }}
{{ claim_reconciliation.guard_reject_plan() }}
{{ claim_reconciliation.guard_expire_plan() }}
{{ claim_reconciliation.guard_judge_lines() }}
{{ claim_reconciliation.guard_skip_lines() }}
{{ claim_reconciliation.guard_skip_line() }}
{{ claim_reconciliation.guard_why_not_written() }}
{{ claim_reconciliation.guard_refuse_unwritten() }}
{{ claim_reconciliation.guard_write_lines_at_once() }}
{{ claim_reconciliation.guard_write_lines() }}
{{ claim_reconciliation.guard_write_unchanged() }}
{{ claim_reconciliation.guard_apply_wallet_correction() }}
{{ claim_reconciliation.guard_apply_purchases() }}
{{ claim_reconciliation.guard_apply_missing_wallet() }}
{{ claim_reconciliation.guard_read_switch() }}
{{ claim_reconciliation.guard_lock_switch() }}
{{ claim_reconciliation.guard_write_switch() }}
{{ claim_reconciliation.guard_is_last_switch() }}
{{ claim_reconciliation.guard_plan_kill_switch() }}
{{ claim_reconciliation.guard_apply_kill_switch() }}
{{ claim_reconciliation.guard_is_last_entry() }}
{{ claim_reconciliation.guard_roll_back_wallets() }}
{{ claim_reconciliation.guard_roll_back_claims() }}
{{ claim_reconciliation.guard_apply_rollback() }}
{{ claim_reconciliation.guard_reverse_creation() }}
{{ claim_reconciliation.guard_begin_apply() }}
{{ claim_reconciliation.guard_break_glass() }}
{{ claim_reconciliation.guard_lock_lines() }}
{{ claim_reconciliation.guard_apply_batch() }}
{{ claim_reconciliation.guard_follow_lines() }}
{{ claim_reconciliation.guard_finish_apply() }}
{{ claim_reconciliation.guard_verify_switch() }}
{{ claim_reconciliation.guard_lost_claims() }}
{{ claim_reconciliation.guard_verify_lines() }}
{{ claim_reconciliation.guard_verify_plan() }}
{{ claim_reconciliation.guard_check_wallet_integrity() }}
{{ claim_reconciliation.guard_show_switch() }}
{{ claim_reconciliation.guard_pause() }}
{{ claim_reconciliation.guard_resume() }}
{{ claim_reconciliation.guard_set_single_operator() }}
{{ claim_reconciliation.guard_note_firing_alerts() }}
{{ claim_reconciliation.guard_due_alert_messages() }}
{{ claim_reconciliation.guard_claim_alert_messages() }}
{{ claim_reconciliation.guard_settle_alert_message() }}
{% endmacro %}


{% macro guard_purchase_plans() %}
    {#- Plans that claim purchases: from the audit trail, the queue, or one beyond its cap. -#}
{{ claim_reconciliation.guard_check_range() }}
{{ claim_reconciliation.guard_check_override() }}
{{ claim_reconciliation.guard_claim_limits() }}
{{ claim_reconciliation.guard_nothing_to_claim() }}
{{ claim_reconciliation.guard_mark_over_cap() }}
{{ claim_reconciliation.guard_lines_to_claim() }}
{{ claim_reconciliation.guard_plan_claims() }}
{{ claim_reconciliation.guard_plan_recovery() }}
{{ claim_reconciliation.guard_plan_queue() }}
{{ claim_reconciliation.guard_plan_override() }}
{% endmacro %}


{% macro guard_apply_purchases() %}
{{ claim_reconciliation.guard_waiting_ends_at() }}
{{ claim_reconciliation.guard_limit_waits() }}
{{ claim_reconciliation.guard_judge_purchases() }}
{{ claim_reconciliation.guard_judge_claim_line() }}
{{ claim_reconciliation.guard_apply_claim_line() }}
{{ claim_reconciliation.guard_apply_claims() }}
{% endmacro %}
