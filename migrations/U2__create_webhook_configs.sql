DROP TABLE hook.webhook_configs;
DROP FUNCTION hook.enforce_active_webhook_limit();
DROP FUNCTION hook.event_matches(text[], text, boolean);
