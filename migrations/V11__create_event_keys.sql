-- Idempotency keys: which event won a caller's eventId. A key resolves for 48 h after its winner's acceptance; rows are
-- deleted after 7 days, for the events queue may hold a duplicate for four.
CREATE TABLE hook.event_keys (
  account_id  varchar(128) NOT NULL,
  event_key   varchar(128) NOT NULL,
  event_uuid  uuid         NOT NULL,
  accepted_at timestamptz  NOT NULL,
  PRIMARY KEY (account_id, event_key)
);

CREATE INDEX event_keys_accepted ON hook.event_keys (accepted_at);
