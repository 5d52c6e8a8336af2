ALTER TABLE hook.webhook_configs
  DROP CONSTRAINT webhook_configs_ed25519_has_keys,
  DROP COLUMN public_key,
  DROP COLUMN signing_key_enc;
