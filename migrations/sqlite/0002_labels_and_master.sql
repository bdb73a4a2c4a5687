-- The label of every dimmer that has had one, NULL once it is taken off, and what last changed it.
CREATE TABLE label (
    rig      TEXT    NOT NULL,
    dimmer   INTEGER NOT NULL CHECK (dimmer BETWEEN 1 AND 65535),
    label    TEXT CHECK (length(label) BETWEEN 1 AND 40),
    epoch    INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (rig, dimmer)
) WITHOUT ROWID;

-- What a rig has one of, once somebody has set it: the grand master in hundredths of a percent, and blackout, 0 or 1.
CREATE TABLE setting (
    rig      TEXT    NOT NULL,
    name     TEXT    NOT NULL CHECK (name IN ('master', 'blackout')),
    value    INTEGER NOT NULL CHECK (value BETWEEN 0 AND CASE name WHEN 'master' THEN 10000 ELSE 1 END),
    epoch    INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (rig, name)
) WITHOUT ROWID;

-- A save takes these in too, in the same one statement (0001 says why it is one):
--   labels      [[rig, dimmer, label or null, revision], ...]
--   settings    [[rig, name, value, revision], ...]
DROP TRIGGER save_all;
DROP VIEW save;

CREATE VIEW save AS
    SELECT epoch, revision, '[]' AS rigs, '[]' AS levels, '[]' AS labels, '[]' AS settings, '[]' AS keyed,
        '[]' AS oldest_keys
    FROM position;

CREATE TRIGGER save_all INSTEAD OF INSERT ON save
WHEN NEW.epoch >= coalesce((SELECT epoch FROM position), 0) BEGIN
    INSERT INTO position (id, epoch, revision) VALUES (1, NEW.epoch, NEW.revision)
        ON CONFLICT (id) DO UPDATE SET epoch = excluded.epoch, revision = excluded.revision
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
