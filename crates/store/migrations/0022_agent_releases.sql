-- Releases of the agent as they were imported, and the keys whose releases are.

CREATE TABLE agent_releases (
    version TEXT NOT NULL,
    target TEXT NOT NULL,
    -- What its bundle says, as JSON, and who signed that.
    header TEXT NOT NULL,
    key_id TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    imported INTEGER NOT NULL,
    owner TEXT NOT NULL,
    PRIMARY KEY (version, target)
);

-- The bundle, in pieces of a mebibyte.
CREATE TABLE agent_release_parts (
    version TEXT NOT NULL,
    target TEXT NOT NULL,
    part INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (version, target, part)
);

CREATE TABLE agent_keys (
    public TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    added INTEGER NOT NULL,
    owner TEXT NOT NULL
);
