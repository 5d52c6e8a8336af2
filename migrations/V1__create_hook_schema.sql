-- IF NOT EXISTS: the runner and Flyway both create the schema first, for their history table lives in it.
CREATE SCHEMA IF NOT EXISTS hook;
