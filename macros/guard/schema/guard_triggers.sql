{% macro guard_triggers() %}
create or replace trigger a_plan_follows_its_states before update on claim_ops.plans
for each row execute function claim_ops._keep_plan();
create or replace trigger a_line_belongs_to_the_plan_being_made
after insert on claim_ops.plan_lines referencing new table as added
for each statement execute function claim_ops._keep_line();
create or replace trigger a_chunk_belongs_to_the_plan_being_made
after insert on claim_ops.plan_chunks referencing new table as added
for each statement execute function claim_ops._keep_line();
create or replace trigger a_purchase_is_left_out_of_the_plan_being_made
after insert on claim_ops.plan_left_out referencing new table as added
for each statement execute function claim_ops._keep_line();
create or replace trigger a_balance_is_left_out_of_the_plan_being_made
after insert on claim_ops.plan_balances_left_out referencing new table as added
for each statement execute function claim_ops._keep_line();
create or replace trigger an_entry_is_of_a_plan after insert on claim_ops.journal
referencing new table as added
for each statement execute function claim_ops._keep_entry();
    {%- for table in [
        'journal', 'journal_batches', 'plan_lines', 'plan_chunks', 'plan_left_out',
        'plan_balances_left_out'
    ] %}
create or replace trigger {{ table }}_is_append_only
before update or delete on claim_ops.{{ table }}
for each row execute function claim_ops._keep_append_only();
create or replace trigger {{ table }}_is_not_emptied before truncate on claim_ops.{{ table }}
for each statement execute function claim_ops._keep_append_only();
    {%- endfor %}
drop trigger if exists an_event_is_sealed_at_commit on claim_ops.journal;
create constraint trigger an_event_is_sealed_at_commit after insert on claim_ops.journal
deferrable initially deferred for each row when (new.line_no is null)
execute function claim_ops._seal_event();
create or replace trigger a_plan_is_not_deleted before delete on claim_ops.plans
for each row execute function claim_ops._keep_append_only();
create or replace trigger plans_are_not_emptied before truncate on claim_ops.plans
for each statement execute function claim_ops._keep_append_only();
{% endmacro %}
