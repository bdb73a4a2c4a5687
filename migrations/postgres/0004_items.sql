LOCK TABLE position;

-- One table for everything that a rig holds. It takes the place of `level`, `label` and `setting`: a kind of thing that a
-- later version adds needs no migration. `kind` is the kind's name in every message, `key` the item's key as text (empty
-- for what a rig has one of), `value` its value as JSON text (`50`, `12.34`, `"Front wash"`, `true`), NULL once it is
-- forgotten. `epoch` and `revision` say which entry changed it last, `changed_by` which client (NULL if it gave no name),
-- `changed_at` the log time of that entry, in nanoseconds since 1970 (0 if it is not known). A service leaves rows of a
-- kind that it does not know as they are.
--
-- This migration removes tables and replaces `save`, though migrations only add: 0.1 is not released, and no released
-- version uses what goes. It takes the next number, so that databases of development versions are taken over.
--
-- Items change all the time: each page keeps free space, so that an update stays on its page and touches no index.
CREATE TABLE item (
    rig        TEXT   NOT NULL,
    kind       TEXT   NOT NULL,
    key        TEXT   NOT NULL,
    value      TEXT,
    epoch      BIGINT NOT NULL,
    revision   BIGINT NOT NULL,
    changed_by TEXT,
    changed_at BIGINT NOT NULL,
    PRIMARY KEY (rig, kind, key)
) WITH (fillfactor = 70);

-- Levels were hundredths of a percent. They become the shortest decimal of a percent: 5000 is 50, 1250 is 12.5.
INSERT INTO item (rig, kind, key, value, epoch, revision, changed_by, changed_at)
    SELECT rig, 'levels', dimmer::text, trim_scale(level / 100.0)::text, epoch, revision, NULL, 0 FROM level;

INSERT INTO item (rig, kind, key, value, epoch, revision, changed_by, changed_at)
    SELECT rig, 'labels', dimmer::text, to_json(label)::text, epoch, revision, NULL, 0 FROM label;

INSERT INTO item (rig, kind, key, value, epoch, revision, changed_by, changed_at)
    SELECT rig, 'master', '', trim_scale(value / 100.0)::text, epoch, revision, NULL, 0
    FROM setting WHERE name = 'master';

INSERT INTO item (rig, kind, key, value, epoch, revision, changed_by, changed_at)
    SELECT rig, 'blackout', '', CASE value WHEN 0 THEN 'false' ELSE 'true' END, epoch, revision, NULL, 0
    FROM setting WHERE name = 'blackout';

DROP FUNCTION save(BIGINT, BIGINT, BIGINT, BIGINT, BIGINT, JSONB, JSONB, JSONB, JSONB, JSONB, JSONB);
DROP TABLE level;
DROP TABLE label;
DROP TABLE setting;

-- The log time of the entry at the saved position, and of each rig's last entry, in nanoseconds since 1970; 0 if it is not
-- known. A stamp is the least that the log time can be.
ALTER TABLE position ADD COLUMN time BIGINT NOT NULL DEFAULT 0;
ALTER TABLE rig ADD COLUMN time BIGINT NOT NULL DEFAULT 0;
UPDATE position SET time = stamp;

-- A save is one call of this, and so one transaction (0003 says why). It says what it is an increment to. Rows come as
-- JSON arrays. A row gives way only to a newer one.
--   rigs        [[name, revision, time], ...]
--   items       [[rig, kind, key, value or null, revision, changed_by or null, changed_at], ...]
--   keys        [[rig, key, revision, fingerprint, applied], ...]
--   oldest_keys [[rig, epoch, revision], ...]: what is older is forgotten
-- It answers `saved`, `superseded` if a newer epoch has begun, or `behind` if less is saved than it is an increment to.
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
        ON CONFLICT (name) DO UPDATE
        SET epoch = excluded.epoch, revision = excluded.revision, time = excluded.time
        WHERE (excluded.epoch, excluded.revision) > (rig.epoch, rig.revision);
    INSERT INTO item (rig, kind, key, value, epoch, revision, changed_by, changed_at)
        SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, new_epoch, (value ->> 4)::bigint,
            value ->> 5, (value ->> 6)::bigint
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
