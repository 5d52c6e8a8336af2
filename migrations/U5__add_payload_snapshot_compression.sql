-- Rows already stored keep their compression; both are readable for ever.
DO $$
DECLARE
  target regclass;
BEGIN
  FOR target IN
    SELECT 'hook.events'::regclass
    UNION ALL SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'hook.events'::regclass
  LOOP
    EXECUTE format('ALTER TABLE %s ALTER COLUMN payload_snapshot SET COMPRESSION DEFAULT', target);
  END LOOP;
END
$$;
