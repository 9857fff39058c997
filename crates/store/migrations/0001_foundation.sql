-- The control plane as it was first laid. Written in SQLite's types; `migrate.rs` says how PostgreSQL reads them.
-- Times are microseconds since 1970 in UTC. A text column that is not known is '', never NULL, because pages are cut
-- by comparing columns and NULL compares with nothing.

-- Hosts -----------------------------------------------------------------------------------------------------------

-- One narrow row per host: what the asset table shows, filters and sorts. Bodies are kept apart so that a scan of
-- this table stays small.
CREATE TABLE hosts (
    id TEXT PRIMARY KEY,
    label TEXT NOT NULL,
    address TEXT NOT NULL,
    product TEXT NOT NULL,
    edition TEXT NOT NULL,
    service_pack INTEGER NOT NULL,
    build INTEGER NOT NULL,
    arch TEXT NOT NULL,
    role TEXT NOT NULL,
    host_group TEXT NOT NULL,
    zone TEXT NOT NULL,
    owner TEXT NOT NULL,
    value INTEGER NOT NULL,
    sources TEXT NOT NULL,
    os_basis TEXT NOT NULL,
    updates TEXT NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    search TEXT NOT NULL,
    -- What the last assessment says; '' and 0 until there is one.
    system_id TEXT NOT NULL,
    supported INTEGER NOT NULL,
    states TEXT NOT NULL,
    worst TEXT NOT NULL,
    open_count INTEGER NOT NULL,
    unknown_count INTEGER NOT NULL,
    open_cves INTEGER NOT NULL,
    open_kev INTEGER NOT NULL,
    urgency INTEGER NOT NULL,
    next_action TEXT NOT NULL,
    plan_id TEXT NOT NULL,
    plan_state TEXT NOT NULL,
    assessed_at INTEGER NOT NULL
);
CREATE INDEX hosts_label ON hosts (label, id);
-- The default order is urgency, then label: in one index, a page deep in the list is read where it starts.
CREATE INDEX hosts_urgency_label ON hosts (urgency, label, id);
CREATE INDEX hosts_last_seen ON hosts (last_seen, id);
-- All facets are counted in one walk over this index, in its order, without touching the rows.
CREATE INDEX hosts_facets ON hosts (product, host_group, zone, role, worst, plan_state, urgency);
CREATE INDEX hosts_product ON hosts (product, id);
CREATE INDEX hosts_address ON hosts (address, id);
CREATE INDEX hosts_plan ON hosts (plan_state, urgency, id);
CREATE INDEX hosts_states ON hosts (system_id, states);

CREATE TABLE host_bodies (
    host TEXT PRIMARY KEY REFERENCES hosts (id) ON DELETE CASCADE,
    body BLOB NOT NULL
);

-- What tells a machine from another: `name:…`, `ip:…`, `mac:…`, `product-id:…`.
CREATE TABLE host_keys (
    key_text TEXT NOT NULL,
    host TEXT NOT NULL REFERENCES hosts (id) ON DELETE CASCADE,
    PRIMARY KEY (key_text, host)
);
CREATE INDEX host_keys_host ON host_keys (host);

-- Imports and what they brought -------------------------------------------------------------------------------------

CREATE TABLE imports (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    owner TEXT NOT NULL,
    state TEXT NOT NULL,
    started INTEGER NOT NULL,
    finished INTEGER NOT NULL,
    files INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    hosts INTEGER NOT NULL
);

CREATE TABLE import_files (
    import INTEGER NOT NULL REFERENCES imports (id) ON DELETE CASCADE,
    path TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    size INTEGER NOT NULL,
    hosts INTEGER NOT NULL,
    refusal TEXT NOT NULL,
    stored INTEGER NOT NULL,
    PRIMARY KEY (import, path)
);
CREATE INDEX import_files_sha256 ON import_files (sha256);

CREATE TABLE observations (
    host TEXT NOT NULL REFERENCES hosts (id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    import INTEGER NOT NULL,
    kind TEXT NOT NULL,
    path TEXT NOT NULL,
    observed INTEGER NOT NULL,
    stored INTEGER NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (host, digest)
);

-- Judgement -----------------------------------------------------------------------------------------------------------

-- The place of each weapon in `hosts.states`, which has one letter per weapon.
CREATE TABLE weapons (
    place INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE
);

CREATE TABLE assessments (
    host TEXT PRIMARY KEY REFERENCES hosts (id) ON DELETE CASCADE,
    day TEXT NOT NULL,
    knowledge TEXT NOT NULL,
    exposure BLOB NOT NULL,
    plan BLOB NOT NULL
);

CREATE TABLE plans (
    id TEXT PRIMARY KEY,
    host TEXT NOT NULL REFERENCES hosts (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    due TEXT NOT NULL,
    is_current INTEGER NOT NULL,
    changed INTEGER NOT NULL
);
CREATE INDEX plans_host ON plans (host);

CREATE TABLE plan_history (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    plan TEXT NOT NULL,
    host TEXT NOT NULL,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    from_state TEXT NOT NULL,
    to_state TEXT NOT NULL,
    due TEXT NOT NULL,
    note TEXT NOT NULL
);
CREATE INDEX plan_history_host ON plan_history (host, id);

CREATE TABLE results (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    plan TEXT NOT NULL,
    host TEXT NOT NULL,
    kind TEXT NOT NULL,
    at INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (plan, sha256)
);
CREATE INDEX results_host ON results (host, id);

CREATE TABLE trend (
    day TEXT PRIMARY KEY,
    body TEXT NOT NULL
);

-- Work ----------------------------------------------------------------------------------------------------------------

CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    owner TEXT NOT NULL,
    params TEXT NOT NULL,
    state TEXT NOT NULL,
    done INTEGER NOT NULL,
    total INTEGER NOT NULL,
    phase TEXT NOT NULL,
    checkpoint TEXT NOT NULL,
    result TEXT NOT NULL,
    error TEXT NOT NULL,
    cancel INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    worker TEXT NOT NULL,
    lease_until INTEGER NOT NULL,
    created INTEGER NOT NULL,
    started INTEGER NOT NULL,
    finished INTEGER NOT NULL
);
CREATE INDEX jobs_state ON jobs (state, id);

CREATE TABLE job_log (
    job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    message TEXT NOT NULL,
    PRIMARY KEY (job, seq)
);

-- People and machines that may come in -------------------------------------------------------------------------------

CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    name_key TEXT NOT NULL UNIQUE,
    password_hash TEXT NOT NULL,
    roles TEXT NOT NULL,
    disabled INTEGER NOT NULL,
    created INTEGER NOT NULL
);

CREATE TABLE sessions (
    token_hash TEXT PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    csrf TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL
);
CREATE INDEX sessions_user ON sessions (user_id);

CREATE TABLE api_tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    token_hash TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    user_id INTEGER NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    scopes TEXT NOT NULL,
    created INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    last_used INTEGER NOT NULL
);

CREATE TABLE setup_tokens (
    token_hash TEXT PRIMARY KEY,
    created INTEGER NOT NULL,
    used INTEGER NOT NULL
);

CREATE TABLE login_failures (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    key_text TEXT NOT NULL,
    at INTEGER NOT NULL
);
CREATE INDEX login_failures_key ON login_failures (key_text, at);

CREATE TABLE settings (
    key_text TEXT PRIMARY KEY,
    value TEXT NOT NULL
);

-- The record of who did what ------------------------------------------------------------------------------------------

CREATE TABLE audit (
    seq INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    actor TEXT NOT NULL,
    action TEXT NOT NULL,
    object TEXT NOT NULL,
    params TEXT NOT NULL,
    previous TEXT NOT NULL,
    hash TEXT NOT NULL
);

-- One row: where the chain ends. Its row lock keeps two appends apart, and it shows that the end was cut off.
CREATE TABLE audit_head (
    id INTEGER PRIMARY KEY,
    seq INTEGER NOT NULL,
    hash TEXT NOT NULL
);
INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '');

-- Imported knowledge ----------------------------------------------------------------------------------------------------

CREATE TABLE overlays (
    kind TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    released TEXT NOT NULL,
    imported INTEGER NOT NULL,
    body BLOB NOT NULL
);

CREATE TABLE mappings (
    name TEXT PRIMARY KEY,
    body TEXT NOT NULL,
    changed INTEGER NOT NULL
);
