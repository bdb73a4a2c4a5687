-- The revision that made the rig, and in which epoch. Another rig of the same name may have been there before.
LOCK TABLE position;

ALTER TABLE rig ADD COLUMN made_epoch BIGINT NOT NULL DEFAULT 0;
ALTER TABLE rig ADD COLUMN made BIGINT NOT NULL DEFAULT 0;

-- The revision that removed a rig last, in which epoch. Rigs that do not exist stand there.
ALTER TABLE position ADD COLUMN missing_epoch BIGINT NOT NULL DEFAULT 0;
ALTER TABLE position ADD COLUMN missing BIGINT NOT NULL DEFAULT 0;

-- A save that also removes rigs, in one call (0003 says why).
--   rigs        [[name, revision, time, digests, made], ...]
--   removed     [[name, revision], ...]: the rows of the rig up to that revision are deleted
-- The rest is as in `save` (0004, 0006), which stays as it is. An image of an older position than the saved one has nothing new,
-- and could bring rows of a removed rig back: `save` does not save it.
CREATE FUNCTION save_rigs(
    new_epoch BIGINT, new_revision BIGINT, new_stamp BIGINT, new_time BIGINT, since_epoch BIGINT, since_revision BIGINT,
    rigs JSONB, items JSONB, keys JSONB, oldest_keys JSONB, removed JSONB
) RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE
    answer TEXT := save(
        new_epoch, new_revision, new_stamp, new_time, since_epoch, since_revision, rigs, items, keys, oldest_keys);
BEGIN
    IF answer <> 'saved' THEN
        RETURN answer;
    END IF;
    UPDATE rig SET made_epoch = new_epoch, made = (row.value ->> 4)::bigint FROM jsonb_array_elements(rigs) AS row
        WHERE rig.name = row.value ->> 0 AND (rig.epoch, rig.revision) = (new_epoch, (row.value ->> 1)::bigint)
        AND (row.value ->> 4)::bigint > 0;
    IF jsonb_array_length(removed) > 0 THEN
        UPDATE position SET missing_epoch = new_epoch,
            missing = (SELECT max((value ->> 1)::bigint) FROM jsonb_array_elements(removed))
            WHERE (position.epoch, position.revision) = (new_epoch, new_revision);
        DELETE FROM rig USING jsonb_array_elements(removed) AS gone
            WHERE rig.name = gone.value ->> 0 AND (rig.epoch, rig.revision) <= (new_epoch, (gone.value ->> 1)::bigint);
        DELETE FROM item USING jsonb_array_elements(removed) AS gone
            WHERE item.rig = gone.value ->> 0 AND (item.epoch, item.revision) <= (new_epoch, (gone.value ->> 1)::bigint);
        DELETE FROM keyed USING jsonb_array_elements(removed) AS gone
            WHERE keyed.rig = gone.value ->> 0 AND (keyed.epoch, keyed.revision) <= (new_epoch, (gone.value ->> 1)::bigint);
        DELETE FROM digest USING jsonb_array_elements(removed) AS gone
            WHERE digest.rig = gone.value ->> 0
            AND (digest.epoch, digest.revision) <= (new_epoch, (gone.value ->> 1)::bigint);
    END IF;
    RETURN answer;
END
$$;
