-- As a save does with the row in it: otherwise each might hold what the other waits for.
LOCK TABLE position;

-- One table for every kind of thing that a rig has. `kind` is the kind's name, `key` its key's text (empty for what a rig
-- has one of), and `value` its value as JSON text, NULL once it is removed. A later kind needs no change here.
-- 0.1 was not released with the tables that this replaces, so it takes them over and drops them.
-- Levels move all the time: room is left on each page, so that no index has to be told.
CREATE TABLE item (
    rig        TEXT   NOT NULL,
    kind       TEXT   NOT NULL,
    key        TEXT   NOT NULL,
    value      TEXT,
    epoch      BIGINT NOT NULL,
    revision   BIGINT NOT NULL,
    -- Who changed it last, and the log time of that in nanoseconds since 1970; NULL and 0 if not known.
    changed_by TEXT,
    changed_at BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (rig, kind, key)
) WITH (fillfactor = 70);

-- Hundredths of a percent as a number of percent, in its shortest form.
CREATE FUNCTION percent_of(hundredths INTEGER) RETURNS TEXT LANGUAGE sql IMMUTABLE AS $$
    SELECT trim_scale(hundredths::numeric / 100)::text
$$;

INSERT INTO item (rig, kind, key, value, epoch, revision)
    SELECT rig, 'levels', dimmer::text, percent_of(level), epoch, revision FROM level;
INSERT INTO item (rig, kind, key, value, epoch, revision)
    SELECT rig, 'labels', dimmer::text, to_json(label)::text, epoch, revision FROM label;
INSERT INTO item (rig, kind, key, value, epoch, revision)
    SELECT rig, name, '', CASE name WHEN 'blackout' THEN (value <> 0)::text ELSE percent_of(value) END, epoch, revision
    FROM setting;

DROP FUNCTION percent_of;
DROP FUNCTION save;
DROP TABLE level;
DROP TABLE label;
DROP TABLE setting;

-- The log time of the last entry, of all rigs and of each, in nanoseconds since 1970.
ALTER TABLE position ADD COLUMN time BIGINT NOT NULL DEFAULT 0;
ALTER TABLE rig ADD COLUMN time BIGINT NOT NULL DEFAULT 0;

-- A save is one call of this, and so one transaction and one way to the database and back: all of it happens or none. It
-- says what it is an increment to, and is refused where that is not. Rows come as JSON arrays, so that any number of them
-- is the same statement. A row gives way only to a newer one: saving something old again, or two services saving at
-- once, changes nothing.
--   rigs        [[name, revision, time], ...]
--   items       [[rig, kind, key, value or null, revision, changed_by or null, changed_at], ...]
--   keys        [[rig, key, revision, fingerprint, applied], ...]
--   oldest_keys [[rig, epoch, revision], ...]: what is older is forgotten
-- It answers `saved`, `superseded` if a newer epoch has begun, or `behind` if less is there than it is an increment to.
CREATE FUNCTION save(
    new_epoch BIGINT, new_revision BIGINT, new_stamp BIGINT, new_time BIGINT, since_epoch BIGINT, since_revision BIGINT,
    rigs JSONB, items JSONB, keys JSONB, oldest_keys JSONB
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
    UPDATE position SET epoch = new_epoch, revision = new_revision, stamp = new_stamp, time = new_time;
    INSERT INTO rig (name, epoch, revision, time)
        SELECT value ->> 0, new_epoch, (value ->> 1)::bigint, (value ->> 2)::bigint FROM jsonb_array_elements(rigs)
        ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch, revision = excluded.revision, time = excluded.time
        WHERE (excluded.epoch, excluded.revision) > (rig.epoch, rig.revision);
    INSERT INTO item (rig, kind, key, value, epoch, revision, changed_by, changed_at)
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, new_epoch, (value ->> 4)::bigint, value ->> 5,
            (value ->> 6)::bigint
        FROM jsonb_array_elements(items)
        ON CONFLICT (rig, kind, key) DO UPDATE
        SET value = excluded.value, epoch = excluded.epoch, revision = excluded.revision,
            changed_by = excluded.changed_by, changed_at = excluded.changed_at
        WHERE (excluded.epoch, excluded.revision) > (item.epoch, item.revision);
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
