-- What the log knows its entry at the saved position by, beside the revision (the log's time of it, in nanoseconds).
ALTER TABLE position ADD COLUMN stamp INTEGER NOT NULL DEFAULT 0;

-- A save says what it is an increment to, and is refused where that is not: by the name of the reason (0001 says why it
-- is one statement). An epoch begins with a statement of its own, which names where `position` stood.
DROP TRIGGER save_all;
DROP VIEW save;

CREATE VIEW save AS
    SELECT epoch, revision, stamp, 0 AS since_epoch, 0 AS since_revision, '[]' AS rigs, '[]' AS levels, '[]' AS labels,
        '[]' AS settings, '[]' AS keyed, '[]' AS oldest_keys
    FROM position;

CREATE TRIGGER save_all INSTEAD OF INSERT ON save BEGIN
    SELECT RAISE(ABORT, 'superseded') FROM position WHERE NEW.epoch < epoch;
    SELECT RAISE(ABORT, 'behind')
        WHERE (NEW.since_epoch, NEW.since_revision)
            > (coalesce((SELECT epoch FROM position), 0), coalesce((SELECT revision FROM position), 0));
    INSERT INTO position (id, epoch, revision, stamp) VALUES (1, NEW.epoch, NEW.revision, NEW.stamp)
        ON CONFLICT (id) DO UPDATE
        SET epoch = excluded.epoch, revision = excluded.revision, stamp = excluded.stamp
        WHERE (excluded.epoch, excluded.revision) > (position.epoch, position.revision);
    INSERT INTO rig (name, epoch, revision)
        SELECT value ->> 0, NEW.epoch, value ->> 1 FROM json_each(NEW.rigs) WHERE true
        ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch, revision = excluded.revision
        WHERE (excluded.epoch, excluded.revision) > (rig.epoch, rig.revision);
    INSERT INTO level (rig, dimmer, level, epoch, revision)
        SELECT value ->> 0, value ->> 1, value ->> 2, NEW.epoch, value ->> 3 FROM json_each(NEW.levels) WHERE true
        ON CONFLICT (rig, dimmer) DO UPDATE
        SET level = excluded.level, epoch = excluded.epoch, revision = excluded.revision
        WHERE (excluded.epoch, excluded.revision) > (level.epoch, level.revision);
    INSERT INTO label (rig, dimmer, label, epoch, revision)
        SELECT value ->> 0, value ->> 1, value ->> 2, NEW.epoch, value ->> 3 FROM json_each(NEW.labels) WHERE true
        ON CONFLICT (rig, dimmer) DO UPDATE
        SET label = excluded.label, epoch = excluded.epoch, revision = excluded.revision
        WHERE (excluded.epoch, excluded.revision) > (label.epoch, label.revision);
    INSERT INTO setting (rig, name, value, epoch, revision)
        SELECT value ->> 0, value ->> 1, value ->> 2, NEW.epoch, value ->> 3 FROM json_each(NEW.settings) WHERE true
        ON CONFLICT (rig, name) DO UPDATE
        SET value = excluded.value, epoch = excluded.epoch, revision = excluded.revision
        WHERE (excluded.epoch, excluded.revision) > (setting.epoch, setting.revision);
    INSERT INTO keyed (rig, key, epoch, revision, fingerprint, applied)
        SELECT value ->> 0, value ->> 1, NEW.epoch, value ->> 2, value ->> 3, value ->> 4
        FROM json_each(NEW.keyed) WHERE true
        ON CONFLICT (rig, key) DO UPDATE
        SET epoch = excluded.epoch, revision = excluded.revision,
            fingerprint = excluded.fingerprint, applied = excluded.applied
        WHERE (excluded.epoch, excluded.revision) > (keyed.epoch, keyed.revision);
    -- By the index: a rig may remember ten thousand.
    DELETE FROM keyed WHERE (rig, key) IN (
        SELECT old.rig, old.key FROM json_each(NEW.oldest_keys) AS oldest CROSS JOIN keyed AS old
        ON old.rig = oldest.value ->> 0 AND (old.epoch, old.revision) < (oldest.value ->> 1, oldest.value ->> 2));
END;
