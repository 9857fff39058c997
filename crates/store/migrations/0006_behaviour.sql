-- What is learned of the network beyond single captures: profiles, what stands out in them, indicators.

-- A profile is a mergeable summary of a host, a link (who opens, who answers), an account, or of administration
-- between two hosts. The columns are what lists are made of; all else is in the body.
CREATE TABLE wire_profiles (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    -- Who answers; '' for hosts and accounts.
    other TEXT NOT NULL,
    conversations INTEGER NOT NULL,
    volume INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE UNIQUE INDEX wire_profiles_key ON wire_profiles (kind, subject, other);
CREATE INDEX wire_profiles_other ON wire_profiles (kind, other, conversations);
CREATE INDEX wire_profiles_last ON wire_profiles (kind, last_seen, id);

-- Captures that are in the profiles: read again, they are not added again.
CREATE TABLE wire_profiled (
    digest TEXT PRIMARY KEY
);

-- What stands out and claims no weapon: behaviours, and indicators that were met. One row for a capture.
CREATE TABLE wire_notables (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    capture INTEGER NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    place TEXT NOT NULL,
    originator TEXT NOT NULL,
    -- '' where it is done to many.
    responder TEXT NOT NULL,
    transport TEXT NOT NULL,
    -- -1 for none.
    port INTEGER NOT NULL,
    times INTEGER NOT NULL,
    first_seen INTEGER NOT NULL,
    last_seen INTEGER NOT NULL,
    facts TEXT NOT NULL,
    communities TEXT NOT NULL,
    frames TEXT NOT NULL
);
CREATE UNIQUE INDEX wire_notables_key
    ON wire_notables (kind, name, value, originator, responder, transport, port, capture);
CREATE INDEX wire_notables_capture ON wire_notables (capture);
CREATE INDEX wire_notables_originator ON wire_notables (originator, last_seen);
CREATE INDEX wire_notables_responder ON wire_notables (responder, last_seen);
CREATE INDEX wire_notables_last ON wire_notables (last_seen, id);

-- Indicators come as lists: what a person pasted, or a file.
CREATE TABLE indicator_lists (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    source TEXT NOT NULL,
    owner TEXT NOT NULL,
    added INTEGER NOT NULL,
    bad INTEGER NOT NULL
);
CREATE TABLE indicators (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    list INTEGER NOT NULL,
    kind TEXT NOT NULL,
    value TEXT NOT NULL
);
CREATE UNIQUE INDEX indicators_value ON indicators (value, kind);
CREATE INDEX indicators_list ON indicators (list);

-- Bytes on the wire, findings that did not fit, and when its reader was last heard of.
ALTER TABLE captures ADD COLUMN volume INTEGER NOT NULL DEFAULT 0;
ALTER TABLE captures ADD COLUMN shed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE captures ADD COLUMN beat INTEGER NOT NULL DEFAULT 0;
