-- A tenant's webhooks. Secrets are sealed by the functions (AES-256-GCM under the account's data key); the database
-- never sees one in the clear.
CREATE TABLE hook.webhook_configs (
  webhook_id                 uuid PRIMARY KEY,
  account_id                 varchar(128)  NOT NULL,
  url                        varchar(2048) NOT NULL,
  secret_enc                 text          NOT NULL,
  description                varchar(255),
  events                     text[]        NOT NULL DEFAULT '{*}',
  is_active                  boolean       NOT NULL DEFAULT true,
  mode                       varchar(8)    NOT NULL DEFAULT 'deliver' CHECK (mode IN ('deliver', 'hold')),
  rate_limit_per_second      numeric(7, 3) CHECK (rate_limit_per_second BETWEEN 0.1 AND 1000),
  previous_secret_enc        text,
  previous_secret_expires_at timestamptz,
  -- Why the platform (not the owner) switched it off: 'gone' or 'failing'. Its deliveries are held, not refused.
  disabled_reason            varchar(32),
  created_at                 timestamptz   NOT NULL DEFAULT now(),
  updated_at                 timestamptz   NOT NULL DEFAULT now()
);

-- Lists page by id, newest first (the ids are UUIDv7), and fan-out looks up an account's webhooks.
CREATE INDEX webhook_configs_account ON hook.webhook_configs (account_id, webhook_id DESC);

-- The limit of ten active webhooks per account has to hold under concurrency. Counting and inserting in one statement
-- does not: its snapshot is older than the lock. Each query of a VOLATILE function takes a new snapshot, after the lock.
CREATE FUNCTION hook.enforce_active_webhook_limit() RETURNS trigger
  LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NOT NEW.is_active THEN
    RETURN NEW;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('hook.webhook_configs/' || NEW.account_id, 0));
  IF (SELECT count(*) FROM hook.webhook_configs c
       WHERE c.account_id = NEW.account_id AND c.is_active AND c.webhook_id <> NEW.webhook_id) >= 10 THEN
    RAISE EXCEPTION 'account % already has 10 active webhooks', NEW.account_id USING ERRCODE = 'TG010';
  END IF;
  RETURN NEW;
END
$$;

CREATE TRIGGER enforce_active_webhook_limit
  BEFORE INSERT OR UPDATE OF is_active, account_id ON hook.webhook_configs
  FOR EACH ROW EXECUTE FUNCTION hook.enforce_active_webhook_limit();

-- One rule with lambdas/domain/event-type. Reserved types (webhook.test, delivery.dead_lettered, …) need an explicit
-- subscription: '*' does not match them.
CREATE FUNCTION hook.event_matches(filters text[], event_type text, is_reserved boolean) RETURNS boolean
  LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
  SELECT event_type = ANY (filters)
      OR (NOT is_reserved AND '*' = ANY (filters))
      OR EXISTS (SELECT FROM unnest(filters) AS f
                  WHERE right(f, 2) = '.*' AND starts_with(event_type, left(f, -1)))
$$;
