select
    case
        when current_setting('server_version_num')::int < 150000 then 'error'
        when pg_is_in_recovery() then 'warning'
        else 'ok'
    end as state,
    'PostgreSQL ' || current_setting('server_version') || ', database ' || current_database()
    || ', login ' || session_user
    || case when pg_is_in_recovery() then ', a read-only replica' else '' end as finding,
    case
        when current_setting('server_version_num')::int < 150000
            then 'Upgrade the server to PostgreSQL 15 or later.'
        when pg_is_in_recovery() then 'Connect to the primary: dbt build and repairs write.'
    end as advice
