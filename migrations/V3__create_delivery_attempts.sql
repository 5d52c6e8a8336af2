-- Events, their deliveries (the one record of every send), and one row per HTTP attempt. All three are partitioned by
-- ranges of their uuid, one a UTC day: an event's UUIDv7 and its deliveries' UUIDv8 start with the same 48 bits of
-- acceptance time, so an id alone names its partition and retention drops whole partitions.

CREATE FUNCTION hook.uuid_floor(at timestamptz) RETURNS uuid
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT (lpad(to_hex(floor(extract(epoch FROM at) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid
$$;

-- The same 128 bits as deliveryId() in lambdas/domain/ids: 48 bits of the event's acceptance, version 8, variant 10,
-- and the rest from SHA-256 over both ids. A second fan-out of one event therefore creates nothing.
CREATE FUNCTION hook.delivery_id(event_uuid uuid, webhook_id uuid) RETURNS uuid
  LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT encode(
           substring(uuid_send(event_uuid) FROM 1 FOR 6)
           || set_byte(set_byte(substring(h FROM 1 FOR 10),
                                0, (get_byte(h, 0) & 15) | 128),
                                2, (get_byte(h, 2) & 63) | 128),
           'hex')::uuid
    FROM (SELECT sha256(uuid_send(event_uuid) || uuid_send(webhook_id)) AS h) AS hashed
$$;

CREATE TABLE hook.events (
  event_uuid       uuid         NOT NULL PRIMARY KEY,
  account_id       varchar(128) NOT NULL,
  -- The caller's own id, if one was given: what the receiver sees as `id`.
  event_key        varchar(128),
  event_type       varchar(128) NOT NULL,
  object_type      varchar(255),
  object_id        varchar(255),
  occurred_at      timestamptz,
  -- What receivers see as `timestamp`, as the caller wrote it: the same text in every retry.
  shown_time       varchar(64),
  accepted_at      timestamptz  NOT NULL,
  -- JSON text, byte for byte as accepted: never jsonb, which would rewrite numbers and key order. Null on a duplicate.
  payload_snapshot text,
  -- The event that won the same idempotency key; such a row has no deliveries and counts as a duplicate.
  duplicate_of     uuid,
  -- How many webhooks matched at fan-out; the ledger compares the sum with the deliveries.
  matched          integer      NOT NULL DEFAULT 0
) PARTITION BY RANGE (event_uuid);

CREATE INDEX events_account ON hook.events (account_id, event_uuid DESC);

CREATE TABLE hook.deliveries (
  delivery_id             uuid         NOT NULL PRIMARY KEY,
  account_id              varchar(128) NOT NULL,
  webhook_id              uuid         NOT NULL,
  event_uuid              uuid         NOT NULL,
  event_type              varchar(128) NOT NULL,
  api_version             varchar(8)   NOT NULL,
  status                  varchar(16)  NOT NULL,
  status_percent          smallint,
  status_message          varchar(1024),
  attempts                integer      NOT NULL DEFAULT 0,
  -- Where its next step is: a message on 'deliveries' or 'retries', or 'parked' in this row for the sweeper.
  carrier                 varchar(10)  NOT NULL CHECK (carrier IN ('deliveries', 'retries', 'parked')),
  -- A message of an older generation is dropped: hold, release, retry and redrive raise it.
  generation              integer      NOT NULL DEFAULT 0,
  claim_token             uuid,
  claimed_until           timestamptz,
  -- Who holds the lease ('fan-out', 'sweeper', 'deliver'): after a crash of the senders alone, theirs may be ended early.
  claimed_by              varchar(8),
  next_retry_at           timestamptz,
  last_error              varchar(1024),
  failure_reason          varchar(32),
  dead_letter_notified_at timestamptz,
  addon_id                uuid,
  invoked_by              varchar(256),
  created_at              timestamptz  NOT NULL,
  delivered_at            timestamptz,
  last_activity_at        timestamptz  NOT NULL,
  expires_at              timestamptz,
  -- Set when it was enqueued once more at its expiry: only then may it expire.
  last_call_at            timestamptz
) PARTITION BY RANGE (delivery_id) ;

CREATE INDEX deliveries_account ON hook.deliveries (account_id, delivery_id DESC);
CREATE INDEX deliveries_webhook ON hook.deliveries (webhook_id, delivery_id DESC);
-- The sweeper's: what is due, what expires. Partial, so that ended rows leave them.
CREATE INDEX deliveries_due ON hook.deliveries (next_retry_at) WHERE status IN ('PENDING', 'FAILED_RETRY');
CREATE INDEX deliveries_expiring ON hook.deliveries (expires_at)
  WHERE status IN ('PENDING', 'FAILED_RETRY', 'IN_PROGRESS');
CREATE INDEX deliveries_held ON hook.deliveries (webhook_id, delivery_id) WHERE status = 'HELD';
CREATE INDEX deliveries_dead_letter ON hook.deliveries (delivery_id DESC) WHERE status = 'DEAD_LETTER';
CREATE INDEX deliveries_unannounced ON hook.deliveries (delivery_id DESC)
  WHERE status = 'DEAD_LETTER' AND dead_letter_notified_at IS NULL;

CREATE TABLE hook.delivery_attempts (
  delivery_id      uuid        NOT NULL,
  generation       integer     NOT NULL,
  attempt_number   integer     NOT NULL,
  started_at       timestamptz NOT NULL,
  duration_ms      integer     NOT NULL,
  http_status      smallint,
  error            varchar(1024),
  -- JSON text: [[name, value], …] as received.
  response_headers text,
  -- The first 1 KB (success) or 16 KB (failure), as bytes: a receiver may answer anything.
  response_body    bytea,
  PRIMARY KEY (delivery_id, generation, attempt_number)
) PARTITION BY RANGE (delivery_id);

-- Makes the missing partitions of the given days (default: yesterday to 14 days ahead). CREATE … PARTITION OF would take
-- ACCESS EXCLUSIVE on the parent and stop every sender; a table made apart, with a CHECK that proves its range, is
-- attached under SHARE UPDATE EXCLUSIVE and without a scan. SECURITY DEFINER: hook_svc has no DDL of its own.
-- Returns the number of partitions made. Raises 55P03 when a lock is not had within two seconds: call it again.
CREATE FUNCTION hook.ensure_partitions(first_day date DEFAULT NULL, last_day date DEFAULT NULL) RETURNS integer
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' SET timezone = 'UTC' AS $$
DECLARE
  today     constant date := (now() AT TIME ZONE 'UTC')::date;
  from_day  constant date := greatest(coalesce(first_day, today - 1), today - 31);
  until_day constant date := least(coalesce(last_day, today + 14), today + 31);
  made      integer := 0;
  parent    text;
  key       text;
  child     text;
  day       date;
  lower_id  uuid;
  upper_id  uuid;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('hook.ensure_partitions', 0));
  FOR parent, key IN VALUES ('events', 'event_uuid'), ('deliveries', 'delivery_id'), ('delivery_attempts', 'delivery_id') LOOP
    FOR day IN SELECT generate_series(from_day, until_day, interval '1 day')::date LOOP
      child := parent || '_' || to_char(day, 'YYYYMMDD');
      CONTINUE WHEN to_regclass(format('hook.%I', child)) IS NOT NULL;
      lower_id := hook.uuid_floor(day::timestamptz);
      upper_id := hook.uuid_floor((day + 1)::timestamptz);
      EXECUTE format('CREATE TABLE hook.%I (LIKE hook.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING COMPRESSION INCLUDING STORAGE)',
                     child, parent);
      EXECUTE format('ALTER TABLE hook.%I ADD CONSTRAINT of_the_day CHECK (%I IS NOT NULL AND %I >= %L AND %I < %L)',
                     child, key, key, lower_id, key, upper_id);
      EXECUTE format('ALTER TABLE hook.%I ATTACH PARTITION hook.%I FOR VALUES FROM (%L) TO (%L)',
                     parent, child, lower_id, upper_id);
      EXECUTE format('ALTER TABLE hook.%I DROP CONSTRAINT of_the_day', child);
      made := made + 1;
    END LOOP;
  END LOOP;
  RETURN made;
END
$$;

-- Drops the partitions of days before the given one, but never one that holds an open delivery: lock, look again, drop.
-- A day's attempts and events go with its deliveries. Returns the number of days dropped; a day whose lock is not had
-- within two seconds is left for the next run.
CREATE FUNCTION hook.drop_partitions(before_day date) RETURNS integer
  LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp SET lock_timeout = '2s' SET timezone = 'UTC' AS $$
DECLARE
  dropped integer := 0;
  suffix  text;
  is_open boolean;
BEGIN
  IF before_day > (now() AT TIME ZONE 'UTC')::date - 5 THEN
    -- The events queue keeps a message for four days: its partition must be there when it is fanned out at last.
    RAISE EXCEPTION 'partitions younger than five days are never dropped' USING ERRCODE = '22023';
  END IF;
  FOR suffix IN
    SELECT right(c.relname, 8)
      FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = 'hook.deliveries'::regclass AND right(c.relname, 8) < to_char(before_day, 'YYYYMMDD')
     ORDER BY 1
  LOOP
    BEGIN
      EXECUTE format('LOCK TABLE hook.%I, hook.%I, hook.%I IN ACCESS EXCLUSIVE MODE',
                     'deliveries_' || suffix, 'delivery_attempts_' || suffix, 'events_' || suffix);
      EXECUTE format('SELECT EXISTS (SELECT FROM hook.%I WHERE status IN (''PENDING'', ''FAILED_RETRY'', ''IN_PROGRESS'', ''HELD''))',
                     'deliveries_' || suffix) INTO is_open;
      IF NOT is_open THEN
        EXECUTE format('DROP TABLE hook.%I, hook.%I, hook.%I',
                       'deliveries_' || suffix, 'delivery_attempts_' || suffix, 'events_' || suffix);
        dropped := dropped + 1;
      END IF;
    EXCEPTION WHEN lock_not_available THEN
      NULL;
    END;
  END LOOP;
  RETURN dropped;
END
$$;

SELECT hook.ensure_partitions();
