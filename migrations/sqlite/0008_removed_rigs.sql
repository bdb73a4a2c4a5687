-- The revision that made the rig, and in which epoch. Another rig of the same name may have been there before.
ALTER TABLE rig ADD COLUMN made_epoch INTEGER NOT NULL DEFAULT 0;
ALTER TABLE rig ADD COLUMN made INTEGER NOT NULL DEFAULT 0;

-- The revision that removed a rig last, in which epoch. Rigs that do not exist stand there.
ALTER TABLE position ADD COLUMN missing_epoch INTEGER NOT NULL DEFAULT 0;
ALTER TABLE position ADD COLUMN missing INTEGER NOT NULL DEFAULT 0;

-- A save that makes or removes rigs; any other one goes through `save`. It is one INSERT into this view, and so one transaction
-- (0001 says why it is one statement).
--   rigs        [[name, revision, time, digests, made], ...]
--   removed     [[name, revision], ...]: the rows of the rig up to that revision are deleted
-- The rest is as in `save` (0004, 0006), which stays as it is. An image of an older position than the saved one has nothing new,
-- and could bring rows of a removed rig back: it is not saved.
CREATE VIEW save_rigs AS SELECT *, '[]' AS removed FROM save;

CREATE TRIGGER save_and_remove INSTEAD OF INSERT ON save_rigs
WHEN (NEW.epoch, NEW.revision) >= (coalesce((SELECT epoch FROM position), 0), coalesce((SELECT revision FROM position), 0))
    OR NEW.epoch < coalesce((SELECT epoch FROM position), 0)
BEGIN
    INSERT INTO save (epoch, revision, stamp, time, since_epoch, since_revision, rigs, items, keyed, oldest_keys)
        VALUES (NEW.epoch, NEW.revision, NEW.stamp, NEW.time, NEW.since_epoch, NEW.since_revision, NEW.rigs, NEW.items,
            NEW.keyed, NEW.oldest_keys);
    UPDATE position SET missing_epoch = NEW.epoch, missing = (SELECT max(value ->> 1) FROM jsonb_each(NEW.removed))
        WHERE EXISTS (SELECT 1 FROM jsonb_each(NEW.removed)) AND position.revision = NEW.revision;
    DELETE FROM rig WHERE name IN (SELECT value ->> 0 FROM jsonb_each(NEW.removed)) AND EXISTS (
        SELECT 1 FROM jsonb_each(NEW.removed)
        WHERE value ->> 0 = rig.name AND (rig.epoch, rig.revision) <= (NEW.epoch, value ->> 1));
    DELETE FROM item WHERE rig IN (SELECT value ->> 0 FROM jsonb_each(NEW.removed)) AND EXISTS (
        SELECT 1 FROM jsonb_each(NEW.removed)
        WHERE value ->> 0 = item.rig AND (item.epoch, item.revision) <= (NEW.epoch, value ->> 1));
    DELETE FROM keyed WHERE rig IN (SELECT value ->> 0 FROM jsonb_each(NEW.removed)) AND EXISTS (
        SELECT 1 FROM jsonb_each(NEW.removed)
        WHERE value ->> 0 = keyed.rig AND (keyed.epoch, keyed.revision) <= (NEW.epoch, value ->> 1));
    DELETE FROM digest WHERE rig IN (SELECT value ->> 0 FROM jsonb_each(NEW.removed)) AND EXISTS (
        SELECT 1 FROM jsonb_each(NEW.removed)
        WHERE value ->> 0 = digest.rig AND (digest.epoch, digest.revision) <= (NEW.epoch, value ->> 1));
    UPDATE rig SET made_epoch = NEW.epoch, made = row.value ->> 4 FROM jsonb_each(NEW.rigs) AS row
        WHERE rig.name = row.value ->> 0 AND (rig.epoch, rig.revision) = (NEW.epoch, row.value ->> 1) AND row.value ->> 4 > 0;
END;
