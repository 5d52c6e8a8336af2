DROP TABLE hook.delivery_attempts;
DROP TABLE hook.deliveries;
DROP TABLE hook.events;
DROP FUNCTION hook.drop_partitions(date);
DROP FUNCTION hook.ensure_partitions(date, date);
DROP FUNCTION hook.delivery_id(uuid, uuid);
DROP FUNCTION hook.uuid_floor(timestamptz);
