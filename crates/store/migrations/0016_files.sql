-- Files: what was seen, what waits to be analysed, and what came of it.

CREATE TABLE files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- One row for each content, however often and under whatever names it was seen.
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    -- The name it was seen under first.
    name TEXT NOT NULL,
    -- Whether its bytes are kept.
    kept INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    -- Hosts that it was seen on.
    hosts INTEGER NOT NULL,

    -- waiting, leased, done, set-aside.
    state TEXT NOT NULL,
    -- The greater comes first, and of one priority what waits longest.
    priority INTEGER NOT NULL,
    queued INTEGER NOT NULL,
    -- Who has it, by a lease that nobody can guess, and until when.
    lease TEXT NOT NULL,
    worker TEXT NOT NULL,
    lease_until INTEGER NOT NULL,
    attempts INTEGER NOT NULL,

    -- What came of the last analysis; nothing before the first.
    analysed INTEGER NOT NULL,
    verdict TEXT NOT NULL,
    -- What counts: what a list says, else the verdict.
    standing TEXT NOT NULL,
    overruled TEXT NOT NULL,
    score INTEGER NOT NULL,
    kind TEXT NOT NULL,
    kind_group TEXT NOT NULL,
    mime TEXT NOT NULL,
    -- Under which name its report is kept.
    report TEXT NOT NULL,
    parts INTEGER NOT NULL,
    versions TEXT NOT NULL,
    took_ms INTEGER NOT NULL,
    tlsh TEXT NOT NULL,
    -- The batch in which what its readers say went into the lake, and which server's; 0 while it did not.
    lake_batch INTEGER NOT NULL,
    lake_by TEXT NOT NULL
);
CREATE UNIQUE INDEX files_sha256 ON files (sha256);
CREATE INDEX files_queue ON files (state, priority, queued);
CREATE INDEX files_lake ON files (lake_by, lake_batch);
CREATE INDEX files_seen ON files (last_seen, id);
CREATE INDEX files_standing ON files (standing, last_seen, id);
CREATE INDEX files_score ON files (score, id);
CREATE INDEX files_kind ON files (kind_group, kind, last_seen, id);

-- Where a file was seen: on which host, by what, under which name.
CREATE TABLE file_sightings (
    sha256 TEXT NOT NULL,
    -- '' when it came from no host.
    host TEXT NOT NULL,
    source TEXT NOT NULL,
    name TEXT NOT NULL,
    times INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    lake_batch INTEGER NOT NULL,
    lake_by TEXT NOT NULL
);
CREATE INDEX file_sightings_lake ON file_sightings (lake_by, lake_batch);
CREATE UNIQUE INDEX file_sightings_key ON file_sightings (sha256, host, source, name);
CREATE INDEX file_sightings_host ON file_sightings (host, last_seen);

-- What is inside a file.
CREATE TABLE file_parts (
    root TEXT NOT NULL,
    number INTEGER NOT NULL,
    part TEXT NOT NULL,
    path TEXT NOT NULL
);
CREATE UNIQUE INDEX file_parts_key ON file_parts (root, number);
CREATE INDEX file_parts_part ON file_parts (part);

-- What two files have in common exactly: the hash of their imports, an icon, a name inside.
CREATE TABLE file_pivots (
    sha256 TEXT NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL
);
CREATE UNIQUE INDEX file_pivots_key ON file_pivots (sha256, kind, value);
CREATE INDEX file_pivots_value ON file_pivots (kind, value);

-- What the house wants and does not want, by content.
CREATE TABLE file_lists (
    sha256 TEXT PRIMARY KEY,
    -- allow, deny.
    list TEXT NOT NULL,
    reason TEXT NOT NULL,
    owner TEXT NOT NULL,
    added INTEGER NOT NULL
);
