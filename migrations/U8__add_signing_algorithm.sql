ALTER TABLE hook.webhook_configs DROP COLUMN signing_algorithm;
