ALTER TABLE hook.webhook_configs DROP COLUMN api_version;
