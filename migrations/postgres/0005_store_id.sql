LOCK TABLE position;
-- The identity of this store: 128 random bits, as 32 hexadecimal digits. A log of changes belongs to one store, and names it.
-- A copy of the database and a restored backup have the same identity.
CREATE TABLE store (id text NOT NULL);
INSERT INTO store (id) VALUES (replace(gen_random_uuid()::text, '-', ''));
