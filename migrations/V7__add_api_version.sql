-- Nullable, and null means v1: functions of the version before this one go on inserting without it.
ALTER TABLE hook.webhook_configs ADD COLUMN api_version varchar(8) CHECK (api_version IN ('v1', 'v2'));
