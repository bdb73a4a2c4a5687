-- The digest of each kind of each rig, as a JSON object, as of the entry at `epoch` and `revision`. It is saved with the rig,
-- and compared when the rig is loaded: a difference shows that the rows are not those that were saved. A row counts only if
-- it stands where the rig's own row stands: older versions save no digests.
CREATE TABLE digest (
    rig      TEXT    NOT NULL PRIMARY KEY,
    epoch    INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    digests  TEXT    NOT NULL
) WITHOUT ROWID;

-- `rigs` of a save is [[name, revision, time, digests], ...] from now on. A trigger beside `save_all` (0004): an error in one
-- undoes both, whichever comes first.
CREATE TRIGGER save_digests INSTEAD OF INSERT ON save BEGIN
    INSERT INTO digest (rig, epoch, revision, digests)
        SELECT value ->> 0, NEW.epoch, value ->> 1, value ->> 3 FROM jsonb_each(NEW.rigs) WHERE value ->> 3 IS NOT NULL
        ON CONFLICT (rig) DO UPDATE
        SET epoch = excluded.epoch, revision = excluded.revision, digests = excluded.digests
        WHERE (excluded.epoch, excluded.revision) > (digest.epoch, digest.revision);
END;
