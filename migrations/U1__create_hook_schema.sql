-- The schema itself stays: it holds the migration history. Everything else was taken down by U2 and later.
SELECT 1;
