-- What was seen on the wire. Sessions of a login have their own table `sessions`; these are named `wire_…`.

-- A capture is known by the digest of its file: the same file read again replaces what it gave.
CREATE TABLE captures (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    digest TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    owner TEXT NOT NULL,
    state TEXT NOT NULL,
    -- The job that reads or read it; 0 for the command line.
    job INTEGER NOT NULL,
    -- Its file lies in the data directory.
    kept INTEGER NOT NULL,
    added INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    frames INTEGER NOT NULL,
    flows INTEGER NOT NULL,
    evicted INTEGER NOT NULL,
    odd INTEGER NOT NULL,
    dropped INTEGER NOT NULL,
    sessions INTEGER NOT NULL,
    findings INTEGER NOT NULL,
    -- Sessions that made room for newer ones.
    removed INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    -- Where it broke off and why, as a message; '' when it is whole.
    ending TEXT NOT NULL
);

-- One row for a conversation (`exchange` -1) and one for each exchange in it.
CREATE TABLE wire_sessions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    capture INTEGER NOT NULL,
    community TEXT NOT NULL,
    exchange INTEGER NOT NULL,
    originator TEXT NOT NULL,
    originator_port INTEGER NOT NULL,
    responder TEXT NOT NULL,
    responder_port INTEGER NOT NULL,
    transport TEXT NOT NULL,
    started INTEGER NOT NULL,
    duration INTEGER NOT NULL,
    state TEXT NOT NULL,
    midstream INTEGER NOT NULL,
    originator_packets INTEGER NOT NULL,
    originator_bytes INTEGER NOT NULL,
    responder_packets INTEGER NOT NULL,
    responder_bytes INTEGER NOT NULL,
    protocol TEXT NOT NULL,
    version TEXT NOT NULL,
    account TEXT NOT NULL,
    host_name TEXT NOT NULL,
    originator_mac TEXT NOT NULL,
    responder_mac TEXT NOT NULL,
    object TEXT NOT NULL,
    operation TEXT NOT NULL,
    result TEXT NOT NULL,
    client TEXT NOT NULL,
    server TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    payload TEXT NOT NULL
);
-- Each list is newest first; an index per common filter holds it in that order.
-- The first also holds what the whole list is drawn from, so that its shape touches no row.
CREATE INDEX wire_sessions_started ON wire_sessions (started, id, exchange, protocol, originator, responder);
CREATE INDEX wire_sessions_protocol ON wire_sessions (protocol, started, id);
CREATE INDEX wire_sessions_originator ON wire_sessions (originator, started, id);
CREATE INDEX wire_sessions_responder ON wire_sessions (responder, started, id);
CREATE INDEX wire_sessions_community ON wire_sessions (community, started);
CREATE INDEX wire_sessions_capture ON wire_sessions (capture, started, id);
CREATE INDEX wire_sessions_account ON wire_sessions (account, started, id) WHERE account <> '';
CREATE INDEX wire_sessions_sha256 ON wire_sessions (sha256, started, id) WHERE sha256 <> '';

CREATE TABLE wire_findings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    capture INTEGER NOT NULL,
    weapon TEXT NOT NULL,
    sign TEXT NOT NULL,
    outcome TEXT NOT NULL,
    confidence TEXT NOT NULL,
    originator TEXT NOT NULL,
    responder TEXT NOT NULL,
    times INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    frames TEXT NOT NULL
);
CREATE INDEX wire_findings_group ON wire_findings (weapon, outcome, originator, last_seen);
CREATE INDEX wire_findings_capture ON wire_findings (capture);
CREATE INDEX wire_findings_last ON wire_findings (last_seen, id);

-- The conversations that show a finding.
CREATE TABLE wire_finding_flows (
    finding INTEGER NOT NULL REFERENCES wire_findings (id) ON DELETE CASCADE,
    weapon TEXT NOT NULL,
    capture INTEGER NOT NULL,
    community TEXT NOT NULL,
    PRIMARY KEY (finding, community)
);
CREATE INDEX wire_finding_flows_community ON wire_finding_flows (community, capture);
CREATE INDEX wire_finding_flows_weapon ON wire_finding_flows (weapon);
