-- The tables are those of SQLite with the same number. What differs is how they are saved to: see 0003, before which no
-- release knew this database.

-- Where the saved rigs stand in the log. One row, which is always there: whoever saves or begins locks it first, so that
-- nobody waits for anybody who waits for him.
CREATE TABLE position (
    id       SMALLINT PRIMARY KEY CHECK (id = 1),
    epoch    BIGINT NOT NULL,
    revision BIGINT NOT NULL
);

INSERT INTO position (id, epoch, revision) VALUES (1, 0, 0);

-- The rigs, and where the last entry of each stood.
CREATE TABLE rig (
    name     TEXT PRIMARY KEY,
    epoch    BIGINT NOT NULL,
    revision BIGINT NOT NULL
);

-- The newest level of every dimmer in hundredths of a percent, NULL once it is forgotten, and what last changed it.
-- Levels move all the time: room is left on each page, so that no index has to be told.
CREATE TABLE level (
    rig      TEXT    NOT NULL,
    dimmer   INTEGER NOT NULL CHECK (dimmer BETWEEN 1 AND 65535),
    level    INTEGER CHECK (level BETWEEN 0 AND 10000),
    epoch    BIGINT  NOT NULL,
    revision BIGINT  NOT NULL,
    PRIMARY KEY (rig, dimmer)
) WITH (fillfactor = 70);

-- The keyed changes that each rig remembers. A fingerprint is 64 bits, as hexadecimal text.
CREATE TABLE keyed (
    rig         TEXT    NOT NULL,
    key         TEXT    NOT NULL,
    epoch       BIGINT  NOT NULL,
    revision    BIGINT  NOT NULL,
    fingerprint TEXT    NOT NULL,
    applied     BOOLEAN NOT NULL,
    PRIMARY KEY (rig, key)
);

CREATE INDEX keyed_by_age ON keyed (rig, epoch, revision);
