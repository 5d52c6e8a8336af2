ALTER TABLE hook.webhook_configs
  ADD COLUMN signing_algorithm varchar(16) NOT NULL DEFAULT 'HMAC-SHA256'
  CHECK (signing_algorithm IN ('HMAC-SHA256', 'ed25519'));
