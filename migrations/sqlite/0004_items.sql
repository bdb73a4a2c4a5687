-- One table for everything that a rig holds. It takes the place of `level`, `label` and `setting`: a kind of thing that a
-- later version adds needs no migration. `kind` is the kind's name in every message, `key` the item's key as text (empty
-- for what a rig has one of), `value` its value as JSON text (`50`, `12.34`, `"Front wash"`, `true`), NULL once it is
-- forgotten. `epoch` and `revision` say which entry changed it last, `changed_by` which client (NULL if it gave no name),
-- `changed_at` the log time of that entry, in nanoseconds since 1970 (0 if it is not known). A service leaves rows of a
-- kind that it does not know as they are.
--
-- This migration removes tables and replaces `save`, though migrations only add: 0.1 is not released, and no released
-- version uses what goes. It takes the next number, so that databases of development versions are taken over.
DROP TRIGGER save_all;
DROP VIEW save;

CREATE TABLE item (
    rig        TEXT    NOT NULL,
    kind       TEXT    NOT NULL,
    key        TEXT    NOT NULL,
    value      TEXT,
    epoch      INTEGER NOT NULL,
    revision   INTEGER NOT NULL,
    changed_by TEXT,
    changed_at INTEGER NOT NULL,
    PRIMARY KEY (rig, kind, key)
) WITHOUT ROWID;

-- Levels were hundredths of a percent. They become the shortest decimal of a percent: 5000 is 50, 1250 is 12.5.
INSERT INTO item (rig, kind, key, value, epoch, revision, changed_by, changed_at)
    SELECT rig, 'levels', dimmer,
        CASE WHEN level % 100 = 0 THEN level / 100
            WHEN level % 100 > 0 THEN rtrim(printf('%d.%02d', level / 100, level % 100), '0') END,
        epoch, revision, NULL, 0
    FROM level;

INSERT INTO item (rig, kind, key, value, epoch, revision, changed_by, changed_at)
    SELECT rig, 'labels', dimmer, CASE WHEN label IS NOT NULL THEN json_quote(label) END, epoch, revision, NULL, 0
    FROM label;

INSERT INTO item (rig, kind, key, value, epoch, revision, changed_by, changed_at)
    SELECT rig, 'master', '',
        CASE value % 100 WHEN 0 THEN value / 100 ELSE rtrim(printf('%d.%02d', value / 100, value % 100), '0') END,
        epoch, revision, NULL, 0
    FROM setting WHERE name = 'master';

INSERT INTO item (rig, kind, key, value, epoch, revision, changed_by, changed_at)
    SELECT rig, 'blackout', '', CASE value WHEN 0 THEN 'false' ELSE 'true' END, epoch, revision, NULL, 0
    FROM setting WHERE name = 'blackout';

DROP TABLE level;
DROP TABLE label;
DROP TABLE setting;

-- The log time of the entry at the saved position, and of each rig's last entry, in nanoseconds since 1970; 0 if it is not
-- known. A stamp is the least that the log time can be.
ALTER TABLE position ADD COLUMN time INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rig ADD COLUMN time INTEGER NOT NULL DEFAULT 0;
UPDATE position SET time = stamp;

-- A save is one INSERT into this view, and so one transaction (0001 says why it is one statement). It says what it is an
-- increment to. It is refused with `superseded` if a newer epoch has begun, and with `behind` if less is saved than it is
-- an increment to. A row gives way only to a newer one.
--   rigs        [[name, revision, time], ...]
--   items       [[rig, kind, key, value or null, revision, changed_by or null, changed_at], ...]
--   keyed       [[rig, key, revision, fingerprint, applied], ...]
--   oldest_keys [[rig, epoch, revision], ...]: what is older is forgotten
-- `jsonb_each` (SQLite 3.51) gives each row in binary: its members are then read without parsing the text again.
CREATE VIEW save AS
    SELECT epoch, revision, stamp, time, 0 AS since_epoch, 0 AS since_revision, '[]' AS rigs, '[]' AS items,
        '[]' AS keyed, '[]' AS oldest_keys
    FROM position;

CREATE TRIGGER save_all INSTEAD OF INSERT ON save BEGIN
    SELECT RAISE(ABORT, 'superseded') FROM position WHERE NEW.epoch < epoch;
    SELECT RAISE(ABORT, 'behind')
        WHERE (NEW.since_epoch, NEW.since_revision)
            > (coalesce((SELECT epoch FROM position), 0), coalesce((SELECT revision FROM position), 0));
    INSERT INTO position (id, epoch, revision, stamp, time)
        VALUES (1, NEW.epoch, NEW.revision, NEW.stamp, NEW.time)
        ON CONFLICT (id) DO UPDATE
        SET epoch = excluded.epoch, revision = excluded.revision, stamp = excluded.stamp, time = excluded.time
        WHERE (excluded.epoch, excluded.revision) > (position.epoch, position.revision);
    INSERT INTO rig (name, epoch, revision, time)
        SELECT value ->> 0, NEW.epoch, value ->> 1, value ->> 2 FROM jsonb_each(NEW.rigs) WHERE true
        ON CONFLICT (name) DO UPDATE
        SET epoch = excluded.epoch, revision = excluded.revision, time = excluded.time
        WHERE (excluded.epoch, excluded.revision) > (rig.epoch, rig.revision);
    INSERT INTO item (rig, kind, key, value, epoch, revision, changed_by, changed_at)
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, NEW.epoch, value ->> 4, value ->> 5, value ->> 6
        FROM jsonb_each(NEW.items) WHERE true
        ON CONFLICT (rig, kind, key) DO UPDATE
        SET value = excluded.value, epoch = excluded.epoch, revision = excluded.revision,
            changed_by = excluded.changed_by, changed_at = excluded.changed_at
        WHERE (excluded.epoch, excluded.revision) > (item.epoch, item.revision);
    INSERT INTO keyed (rig, key, epoch, revision, fingerprint, applied)
        SELECT value ->> 0, value ->> 1, NEW.epoch, value ->> 2, value ->> 3, value ->> 4
        FROM jsonb_each(NEW.keyed) WHERE true
        ON CONFLICT (rig, key) DO UPDATE
        SET epoch = excluded.epoch, revision = excluded.revision,
            fingerprint = excluded.fingerprint, applied = excluded.applied
        WHERE (excluded.epoch, excluded.revision) > (keyed.epoch, keyed.revision);
    -- By the index: a rig may remember ten thousand.
    DELETE FROM keyed WHERE (rig, key) IN (
        SELECT old.rig, old.key FROM jsonb_each(NEW.oldest_keys) AS oldest CROSS JOIN keyed AS old
        ON old.rig = oldest.value ->> 0 AND (old.epoch, old.revision) < (oldest.value ->> 1, oldest.value ->> 2));
END;
