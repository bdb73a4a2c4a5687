-- 1 while a server uses this database. A database that says so, and has no write-ahead log beside it, is a copy of the file alone,
-- which may lack what was saved last.
ALTER TABLE store ADD COLUMN in_use INTEGER NOT NULL DEFAULT 0;
