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
