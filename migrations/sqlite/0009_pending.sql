-- The items of large saves that are not in `item` yet, in parts of one rig. Writing the rows of a large save takes long, and other
-- saves would wait for it. The server puts the parts into `item` when no large save has come for a while, before it reads
-- the rigs, and before it removes one. A row gives way only to a newer one.
--   keys   a digest of the kinds and keys of the items: a newer part with the same items takes the place of an older one
--   epoch  the save's
--   items  in the form of a save's `items` (0004)
CREATE TABLE pending (
    id    INTEGER PRIMARY KEY,
    rig   TEXT    NOT NULL,
    keys  BLOB    NOT NULL,
    epoch INTEGER NOT NULL,
    items TEXT    NOT NULL,
    UNIQUE (rig, keys)
);
