-- Looking back: what is looked for in everything that is kept, and who met it.

CREATE TABLE hunts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    created INTEGER NOT NULL,
    -- The list of indicators that started it; 0 when a person did.
    list INTEGER NOT NULL,
    -- From when, and before when; 0 for no bound.
    since INTEGER NOT NULL,
    until INTEGER NOT NULL,
    -- The job that does it; 0 until it is queued.
    job INTEGER NOT NULL,
    state TEXT NOT NULL,
    -- How many indicators.
    wanted INTEGER NOT NULL,
    -- Meetings that are in no row below, because there were too many.
    left_out INTEGER NOT NULL,
    -- What was read, as the last step said.
    figures TEXT NOT NULL,
    finished INTEGER NOT NULL
);
CREATE INDEX hunts_list ON hunts (list, id);
CREATE INDEX hunts_job ON hunts (job);

-- What a person looks for; that of a list is in the list.
CREATE TABLE hunt_wanted (
    hunt INTEGER NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL
);
CREATE UNIQUE INDEX hunt_wanted_key ON hunt_wanted (hunt, kind, value);

-- Who met what, in each hour: what a moment of the lake says, so that writing it again changes nothing.
CREATE TABLE hunt_hits (
    hunt INTEGER NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    host TEXT NOT NULL,
    -- The column it stood in, and the kind of record.
    place TEXT NOT NULL,
    record TEXT NOT NULL,
    -- The beginning of the hour.
    hour INTEGER NOT NULL,
    -- With whom the first one was, and which conversation.
    peer TEXT NOT NULL,
    community TEXT NOT NULL,
    protocol TEXT NOT NULL,
    times INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL
);
CREATE UNIQUE INDEX hunt_hits_key ON hunt_hits (hunt, kind, value, host, place, record, hour);
CREATE INDEX hunt_hits_hour ON hunt_hits (hunt, hour);
