-- How configuration checks stand on endpoints, what became of them, and what endpoints found in memory.

CREATE TABLE endpoint_checks (
    endpoint TEXT NOT NULL,
    check_id TEXT NOT NULL,
    -- compliant, unknown or not.
    state TEXT NOT NULL,
    -- 1 when its agent set it, and keeps what was there before.
    held INTEGER NOT NULL,
    -- Since when it stands so, and when it was told last.
    since INTEGER NOT NULL,
    at INTEGER NOT NULL,
    told TEXT NOT NULL,
    PRIMARY KEY (endpoint, check_id)
);
CREATE INDEX endpoint_checks_check ON endpoint_checks (check_id, state, endpoint);

-- Whatever became different, and whatever an agent did.
CREATE TABLE endpoint_drifts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    endpoint TEXT NOT NULL,
    check_id TEXT NOT NULL,
    at INTEGER NOT NULL,
    -- '' when it was not known before, or is not asked any more.
    was TEXT NOT NULL,
    became TEXT NOT NULL,
    told TEXT NOT NULL
);
CREATE INDEX endpoint_drifts_at ON endpoint_drifts (at, id);
CREATE INDEX endpoint_drifts_endpoint ON endpoint_drifts (endpoint, at);
CREATE INDEX endpoint_drifts_check ON endpoint_drifts (check_id, at);

CREATE TABLE endpoint_memory (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    endpoint TEXT NOT NULL,
    at INTEGER NOT NULL,
    program TEXT NOT NULL,
    points INTEGER NOT NULL,
    told TEXT NOT NULL
);
CREATE INDEX endpoint_memory_at ON endpoint_memory (at, id);
CREATE INDEX endpoint_memory_endpoint ON endpoint_memory (endpoint, at);
