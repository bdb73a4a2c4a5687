-- What the log knows its entry at the saved position by, beside the revision (the log's time of it, in nanoseconds).
ALTER TABLE position ADD COLUMN stamp BIGINT NOT NULL DEFAULT 0;

-- A save is one call of this, and so one transaction and one way to the database and back: all of it happens or none. It
-- says what it is an increment to, and is refused where that is not. Rows come as JSON arrays, so that any number of them
-- is the same statement. A row gives way only to a newer one: saving something old again, or two services saving at
-- once, changes nothing.
--   rigs        [[name, revision], ...]
--   levels      [[rig, dimmer, level or null, revision], ...]
--   labels      [[rig, dimmer, label or null, revision], ...]
--   settings    [[rig, name, value, revision], ...]
--   keys        [[rig, key, revision, fingerprint, applied], ...]
--   oldest_keys [[rig, epoch, revision], ...]: what is older is forgotten
-- It answers `saved`, `superseded` if a newer epoch has begun, or `behind` if less is there than it is an increment to.
CREATE FUNCTION save(
    new_epoch BIGINT, new_revision BIGINT, new_stamp BIGINT, since_epoch BIGINT, since_revision BIGINT,
    rigs JSONB, levels JSONB, labels JSONB, settings JSONB, keys JSONB, oldest_keys JSONB
) RETURNS TEXT LANGUAGE plpgsql AS $$
DECLARE
    stood RECORD;
BEGIN
    SELECT position.epoch, position.revision INTO STRICT stood FROM position FOR UPDATE;
    IF new_epoch < stood.epoch THEN
        RETURN 'superseded';
    ELSIF (since_epoch, since_revision) > (stood.epoch, stood.revision) THEN
        RETURN 'behind';
    ELSIF (new_epoch, new_revision) <= (stood.epoch, stood.revision) THEN
        -- Another service, which folds the same log, has saved all of this. Nothing is written twice.
        RETURN 'saved';
    END IF;
    UPDATE position SET epoch = new_epoch, revision = new_revision, stamp = new_stamp;
    INSERT INTO rig (name, epoch, revision)
        SELECT value ->> 0, new_epoch, (value ->> 1)::bigint FROM jsonb_array_elements(rigs)
        ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch, revision = excluded.revision
        WHERE (excluded.epoch, excluded.revision) > (rig.epoch, rig.revision);
    INSERT INTO level (rig, dimmer, level, epoch, revision)
        SELECT value ->> 0, (value ->> 1)::integer, (value ->> 2)::integer, new_epoch, (value ->> 3)::bigint
        FROM jsonb_array_elements(levels)
        ON CONFLICT (rig, dimmer) DO UPDATE
        SET level = excluded.level, epoch = excluded.epoch, revision = excluded.revision
        WHERE (excluded.epoch, excluded.revision) > (level.epoch, level.revision);
    INSERT INTO label (rig, dimmer, label, epoch, revision)
        SELECT value ->> 0, (value ->> 1)::integer, value ->> 2, new_epoch, (value ->> 3)::bigint
        FROM jsonb_array_elements(labels)
        ON CONFLICT (rig, dimmer) DO UPDATE
        SET label = excluded.label, epoch = excluded.epoch, revision = excluded.revision
        WHERE (excluded.epoch, excluded.revision) > (label.epoch, label.revision);
    INSERT INTO setting (rig, name, value, epoch, revision)
        SELECT value ->> 0, value ->> 1, (value ->> 2)::integer, new_epoch, (value ->> 3)::bigint
        FROM jsonb_array_elements(settings)
        ON CONFLICT (rig, name) DO UPDATE
        SET value = excluded.value, epoch = excluded.epoch, revision = excluded.revision
        WHERE (excluded.epoch, excluded.revision) > (setting.epoch, setting.revision);
    INSERT INTO keyed (rig, key, epoch, revision, fingerprint, applied)
        SELECT value ->> 0, value ->> 1, new_epoch, (value ->> 2)::bigint, value ->> 3, value ->> 4 = '1'
        FROM jsonb_array_elements(keys)
        ON CONFLICT (rig, key) DO UPDATE
        SET epoch = excluded.epoch, revision = excluded.revision,
            fingerprint = excluded.fingerprint, applied = excluded.applied
        WHERE (excluded.epoch, excluded.revision) > (keyed.epoch, keyed.revision);
    DELETE FROM keyed USING jsonb_array_elements(oldest_keys) AS oldest
        WHERE keyed.rig = oldest.value ->> 0
        AND (keyed.epoch, keyed.revision) < ((oldest.value ->> 1)::bigint, (oldest.value ->> 2)::bigint);
    RETURN 'saved';
END
$$;
