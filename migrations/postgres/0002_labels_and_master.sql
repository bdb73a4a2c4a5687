-- The label of every dimmer that has had one, NULL once it is taken off, and what last changed it.
CREATE TABLE label (
    rig      TEXT    NOT NULL,
    dimmer   INTEGER NOT NULL CHECK (dimmer BETWEEN 1 AND 65535),
    label    TEXT CHECK (length(label) BETWEEN 1 AND 40),
    epoch    BIGINT  NOT NULL,
    revision BIGINT  NOT NULL,
    PRIMARY KEY (rig, dimmer)
);

-- What a rig has one of, once somebody has set it: the grand master in hundredths of a percent, and blackout, 0 or 1.
CREATE TABLE setting (
    rig      TEXT    NOT NULL,
    name     TEXT    NOT NULL CHECK (name IN ('master', 'blackout')),
    value    INTEGER NOT NULL CHECK (value BETWEEN 0 AND CASE name WHEN 'master' THEN 10000 ELSE 1 END),
    epoch    BIGINT  NOT NULL,
    revision BIGINT  NOT NULL,
    PRIMARY KEY (rig, name)
) WITH (fillfactor = 70);
