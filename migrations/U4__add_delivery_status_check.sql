ALTER TABLE hook.deliveries DROP CONSTRAINT deliveries_status;
