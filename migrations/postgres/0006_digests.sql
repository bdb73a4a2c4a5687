-- The digest of each kind of each rig, as a JSON object, as of the entry at `epoch` and `revision`. It is saved with the rig,
-- and compared when the rig is loaded: a difference shows that the rows are not those that were saved. A row counts only if
-- it stands where the rig's own row stands: older versions save no digests.
LOCK TABLE position;

CREATE TABLE digest (
    rig      TEXT   PRIMARY KEY,
    epoch    BIGINT NOT NULL,
    revision BIGINT NOT NULL,
    digests  TEXT   NOT NULL
);

-- `rigs` of a save is [[name, revision, time, digests], ...] from now on. The rest of a save is as before (0004).
ALTER FUNCTION save RENAME TO save_rows;

CREATE FUNCTION save(
    new_epoch BIGINT, new_revision BIGINT, new_stamp BIGINT, new_time BIGINT, since_epoch BIGINT, since_revision BIGINT,
    rigs JSONB, items JSONB, keys JSONB, oldest_keys JSONB
) RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE
    answer TEXT := save_rows(
        new_epoch, new_revision, new_stamp, new_time, since_epoch, since_revision, rigs, items, keys, oldest_keys);
BEGIN
    IF answer = 'saved' THEN
        INSERT INTO digest (rig, epoch, revision, digests)
            SELECT value ->> 0, new_epoch, (value ->> 1)::bigint, value ->> 3 FROM jsonb_array_elements(rigs)
            WHERE value ->> 3 IS NOT NULL
            ON CONFLICT (rig) DO UPDATE
            SET epoch = excluded.epoch, revision = excluded.revision, digests = excluded.digests
            WHERE (excluded.epoch, excluded.revision) > (digest.epoch, digest.revision);
    END IF;
    RETURN answer;
END
$$;
