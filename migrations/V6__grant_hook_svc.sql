-- The functions' user: DML on the tables of this schema, no DDL, nothing outside it, the history read-only. The runner
-- gives the role its login (a SCRAM verifier, so no password meets a log); plain Flyway finds it made here, NOLOGIN.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'hook_svc') THEN
    CREATE ROLE hook_svc NOLOGIN;
  END IF;
  EXECUTE format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database());
  EXECUTE format('GRANT CONNECT ON DATABASE %I TO hook_svc', current_database());
END
$$;

REVOKE ALL ON SCHEMA public FROM PUBLIC;
REVOKE ALL ON SCHEMA hook FROM PUBLIC;
REVOKE ALL ON ALL TABLES IN SCHEMA hook FROM PUBLIC;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA hook FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

GRANT USAGE ON SCHEMA hook TO hook_svc;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA hook TO hook_svc;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA hook TO hook_svc;
ALTER DEFAULT PRIVILEGES IN SCHEMA hook GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO hook_svc;
ALTER DEFAULT PRIVILEGES IN SCHEMA hook GRANT USAGE, SELECT ON SEQUENCES TO hook_svc;
ALTER DEFAULT PRIVILEGES IN SCHEMA hook GRANT EXECUTE ON FUNCTIONS TO hook_svc;

DO $$
DECLARE
  history text;
BEGIN
  FOREACH history IN ARRAY ARRAY['hook.flyway_schema_history', 'hook.migration_undo'] LOOP
    IF to_regclass(history) IS NOT NULL THEN
      EXECUTE format('REVOKE INSERT, UPDATE, DELETE ON %s FROM hook_svc', history);
    END IF;
  END LOOP;
END
$$;
