-- One table for every kind of thing that a rig has. `kind` is the kind's name, `key` its key's text (empty for what a rig
-- has one of), and `value` its value as JSON text, NULL once it is removed. A later kind needs no change here.
-- 0.1 was not released with the tables that this replaces, so it takes them over and drops them.
CREATE TABLE item (
    rig        TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    value      TEXT,
    epoch      INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    -- Who changed it last, and the log time of that in nanoseconds since 1970; NULL and 0 if not known.
    changed_by TEXT,
    changed_at INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (rig, kind, key)
) WITHOUT ROWID;

INSERT INTO item (rig, kind, key, value, epoch, revision)
    SELECT rig, 'levels', CAST(dimmer AS TEXT),
        CASE WHEN level IS NULL THEN NULL
            WHEN level % 100 = 0 THEN CAST(level / 100 AS TEXT)
            WHEN level % 10 = 0 THEN printf('%d.%d', level / 100, level % 100 / 10)
            ELSE printf('%d.%02d', level / 100, level % 100) END,
        epoch, revision FROM level;
INSERT INTO item (rig, kind, key, value, epoch, revision)
    SELECT rig, 'labels', CAST(dimmer AS TEXT), CASE WHEN label IS NULL THEN NULL ELSE json_quote(label) END, epoch,
        revision FROM label;
INSERT INTO item (rig, kind, key, value, epoch, revision)
    SELECT rig, name, '',
        CASE WHEN name = 'blackout' THEN CASE value WHEN 0 THEN 'false' ELSE 'true' END
            WHEN value % 100 = 0 THEN CAST(value / 100 AS TEXT)
            WHEN value % 10 = 0 THEN printf('%d.%d', value / 100, value % 100 / 10)
            ELSE printf('%d.%02d', value / 100, value % 100) END,
        epoch, revision FROM setting;

DROP TRIGGER save_all;
DROP VIEW save;
DROP TABLE level;
DROP TABLE label;
DROP TABLE setting;

-- The log time of the last entry, of all rigs and of each, in nanoseconds since 1970.
ALTER TABLE position ADD COLUMN time INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rig ADD COLUMN time INTEGER NOT NULL DEFAULT 0;

-- A save is one INSERT into this view, and so one transaction: all of it happens or none. It says what it is an increment
-- to, and is refused where that is not: by the name of the reason. Rows come as JSON arrays, so that any number of them is
-- the same statement. A row gives way only to a newer one: saving something old again, or two services saving at once,
-- changes nothing.
--   rigs        [[name, revision, time], ...]
--   items       [[rig, kind, key, value or null, revision, changed_by or null, changed_at], ...]
--   keyed       [[rig, key, revision, fingerprint, applied], ...]
--   oldest_keys [[rig, epoch, revision], ...]: what is older is forgotten
CREATE VIEW save AS
    SELECT epoch, revision, stamp, time, 0 AS since_epoch, 0 AS since_revision, '[]' AS rigs, '[]' AS items, '[]' AS keyed,
        '[]' AS oldest_keys
    FROM position;

CREATE TRIGGER save_all INSTEAD OF INSERT ON save BEGIN
    SELECT RAISE(ABORT, 'superseded') FROM position WHERE NEW.epoch < epoch;
    SELECT RAISE(ABORT, 'behind')
        WHERE (NEW.since_epoch, NEW.since_revision)
            > (coalesce((SELECT epoch FROM position), 0), coalesce((SELECT revision FROM position), 0));
    INSERT INTO position (id, epoch, revision, stamp, time) VALUES (1, NEW.epoch, NEW.revision, NEW.stamp, NEW.time)
        ON CONFLICT (id) DO UPDATE
        SET epoch = excluded.epoch, revision = excluded.revision, stamp = excluded.stamp, time = excluded.time
        WHERE (excluded.epoch, excluded.revision) > (position.epoch, position.revision);
    INSERT INTO rig (name, epoch, revision, time)
        SELECT value ->> 0, NEW.epoch, value ->> 1, value ->> 2 FROM json_each(NEW.rigs) WHERE true
        ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch, revision = excluded.revision, time = excluded.time
        WHERE (excluded.epoch, excluded.revision) > (rig.epoch, rig.revision);
    INSERT INTO item (rig, kind, key, value, epoch, revision, changed_by, changed_at)
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, NEW.epoch, value ->> 4, value ->> 5, value ->> 6
        FROM json_each(NEW.items) WHERE true
        ON CONFLICT (rig, kind, key) DO UPDATE
        SET value = excluded.value, epoch = excluded.epoch, revision = excluded.revision,
            changed_by = excluded.changed_by, changed_at = excluded.changed_at
        WHERE (excluded.epoch, excluded.revision) > (item.epoch, item.revision);
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
