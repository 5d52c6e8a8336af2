DROP TABLE hook.event_keys;
