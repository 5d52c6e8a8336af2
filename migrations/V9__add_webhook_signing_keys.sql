-- The ed25519 pair is the webhook's own: a key shared by the stack would let one tenant sign for another. The private
-- half is sealed like a secret; such a webhook keeps its HMAC secret for callbacks.
ALTER TABLE hook.webhook_configs
  ADD COLUMN signing_key_enc text,
  ADD COLUMN public_key      varchar(64),
  ADD CONSTRAINT webhook_configs_ed25519_has_keys
      CHECK (signing_algorithm <> 'ed25519' OR (signing_key_enc IS NOT NULL AND public_key IS NOT NULL));
