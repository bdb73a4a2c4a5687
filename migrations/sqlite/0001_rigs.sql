-- Where the saved rigs stand in the log. One row.
CREATE TABLE position (
    id       INTEGER PRIMARY KEY CHECK (id = 1),
    epoch    INTEGER NOT NULL,
    revision INTEGER NOT NULL
);

-- The rigs, and where the last entry of each stood.
CREATE TABLE rig (
    name     TEXT PRIMARY KEY,
    epoch    INTEGER NOT NULL,
    revision INTEGER NOT NULL
) WITHOUT ROWID;

-- The newest level of every dimmer in hundredths of a percent, NULL once it is forgotten, and what last changed it.
CREATE TABLE level (
    rig      TEXT    NOT NULL,
    dimmer   INTEGER NOT NULL CHECK (dimmer BETWEEN 1 AND 65535),
    level    INTEGER CHECK (level BETWEEN 0 AND 10000),
    epoch    INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (rig, dimmer)
) WITHOUT ROWID;

-- The keyed changes that each rig remembers. A fingerprint is 64 bits, as hexadecimal text.
CREATE TABLE keyed (
    rig         TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    epoch       INTEGER NOT NULL,
    revision    INTEGER NOT NULL,
    fingerprint TEXT    NOT NULL,
    applied     INTEGER NOT NULL CHECK (applied IN (0, 1)),
    PRIMARY KEY (rig, key)
) WITHOUT ROWID;

CREATE INDEX keyed_by_age ON keyed (rig, epoch, revision);

-- A save is one INSERT into this view, and so one transaction: all of it happens or none. Rows come as JSON arrays, so
-- that any number of them is the same statement. A row gives way only to a newer one, and nothing is saved from an epoch
-- that has ended: saving something old again, or two services saving at once, changes nothing.
--   rigs        [[name, revision], ...]
--   levels      [[rig, dimmer, level or null, revision], ...]
--   keyed       [[rig, key, revision, fingerprint, applied], ...]
--   oldest_keys [[rig, epoch, revision], ...]: what is older is forgotten
CREATE VIEW save AS
    SELECT epoch, revision, '[]' AS rigs, '[]' AS levels, '[]' AS keyed, '[]' AS oldest_keys FROM position;

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
