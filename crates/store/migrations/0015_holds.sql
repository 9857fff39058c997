-- Records that stay although they are old or too many: somebody works on them.

CREATE TABLE holds (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    created INTEGER NOT NULL,
    -- The hunt whose meetings stay; 0 when all records of a time do.
    hunt INTEGER NOT NULL,
    -- From when, and before when; 0 for no bound.
    since INTEGER NOT NULL,
    until INTEGER NOT NULL
);
CREATE INDEX holds_hunt ON holds (hunt);
