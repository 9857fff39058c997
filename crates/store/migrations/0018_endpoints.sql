-- Endpoints: machines with an agent, what their groups hold them to, and what happened on them. Who may deliver stands in
-- a file beside this database.

CREATE TABLE endpoints (
    endpoint TEXT PRIMARY KEY,
    -- The name under which it delivers.
    collector TEXT NOT NULL,
    group_id TEXT NOT NULL,
    added INTEGER NOT NULL,
    heard INTEGER NOT NULL,
    -- Version of the orders that were made for it alone, by which it came to its group, and when they were made.
    own_orders INTEGER NOT NULL,
    own_made INTEGER NOT NULL,
    -- Out of what it said last, for lists; '' and -1 for what it did not say.
    machine TEXT NOT NULL,
    system TEXT NOT NULL,
    version TEXT NOT NULL,
    mode TEXT NOT NULL,
    orders INTEGER NOT NULL,
    gaps INTEGER NOT NULL,
    report TEXT NOT NULL,
    -- The host that its inventory is of; '' before there is one.
    host TEXT NOT NULL
);
CREATE INDEX endpoints_group ON endpoints (group_id);
CREATE INDEX endpoints_host ON endpoints (host);

-- One row: the version of the groups, which every change of them raises, and the number of the orders that were signed
-- last, for whomever.
CREATE TABLE endpoint_policy (
    one INTEGER PRIMARY KEY,
    version INTEGER NOT NULL,
    orders INTEGER NOT NULL
);

CREATE TABLE endpoint_groups (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    -- '' for the root.
    parent TEXT NOT NULL,
    settings TEXT NOT NULL,
    -- Version of the orders that its endpoints are to have, and when they were made.
    orders INTEGER NOT NULL,
    made INTEGER NOT NULL
);

CREATE TABLE endpoint_glass (
    group_id TEXT PRIMARY KEY,
    glass TEXT NOT NULL
);

-- What was proposed, and what became of it.
CREATE TABLE endpoint_changes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    group_id TEXT NOT NULL,
    proposal TEXT NOT NULL,
    request TEXT NOT NULL,
    state TEXT NOT NULL,
    made INTEGER NOT NULL,
    changed INTEGER NOT NULL
);
CREATE INDEX endpoint_changes_state ON endpoint_changes (state);

-- Files that endpoints deny although no group lists them: what an incident was made with.
CREATE TABLE endpoint_denied (
    sha256 TEXT PRIMARY KEY,
    path TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    incident TEXT NOT NULL,
    added INTEGER NOT NULL
);

-- How far what an endpoint told is in the tables below, for each spool.
CREATE TABLE endpoint_sources (
    source TEXT PRIMARY KEY,
    reached INTEGER NOT NULL
);

CREATE TABLE endpoint_executions (
    endpoint TEXT NOT NULL,
    -- '' of what could not be read.
    sha256 TEXT NOT NULL,
    path TEXT NOT NULL,
    kind TEXT NOT NULL,
    outcome TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    times INTEGER NOT NULL,
    essential INTEGER NOT NULL,
    told TEXT NOT NULL,
    PRIMARY KEY (endpoint, sha256, path, kind)
);
CREATE INDEX endpoint_executions_file ON endpoint_executions (sha256, path, kind);
CREATE INDEX endpoint_executions_last ON endpoint_executions (last);

-- The same by file, added up over endpoints.
CREATE TABLE endpoint_files (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    sha256 TEXT NOT NULL,
    path TEXT NOT NULL,
    kind TEXT NOT NULL,
    first INTEGER NOT NULL,
    last INTEGER NOT NULL,
    times INTEGER NOT NULL,
    endpoints INTEGER NOT NULL,
    -- Endpoints on which it would not have run, and on which it did not.
    would_block INTEGER NOT NULL,
    blocked INTEGER NOT NULL,
    told TEXT NOT NULL
);
CREATE UNIQUE INDEX endpoint_files_file ON endpoint_files (sha256, path, kind);
CREATE INDEX endpoint_files_last ON endpoint_files (last, id);

CREATE TABLE endpoint_incidents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    endpoint TEXT NOT NULL,
    incident TEXT NOT NULL,
    at INTEGER NOT NULL,
    program TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    touched INTEGER NOT NULL,
    restored INTEGER NOT NULL,
    beside INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    -- What was told when it was stopped, and when its files were put back; '' before that.
    stopped TEXT NOT NULL,
    undone TEXT NOT NULL
);
CREATE UNIQUE INDEX endpoint_incidents_incident ON endpoint_incidents (endpoint, incident);
CREATE INDEX endpoint_incidents_at ON endpoint_incidents (at, id);

CREATE TABLE endpoint_alarms (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    endpoint TEXT NOT NULL,
    at INTEGER NOT NULL,
    rule TEXT NOT NULL,
    level TEXT NOT NULL,
    told TEXT NOT NULL
);
CREATE INDEX endpoint_alarms_at ON endpoint_alarms (at, id);
CREATE INDEX endpoint_alarms_endpoint ON endpoint_alarms (endpoint, at);
