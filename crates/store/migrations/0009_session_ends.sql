-- A host's sessions were found at once, and then each of up to 20,000 rows was fetched to draw their shape and to see
-- that a host does not talk to itself. With what those ask for in both indexes none is fetched.
DROP INDEX wire_sessions_originator;
CREATE INDEX wire_sessions_originator ON wire_sessions (
    originator, started, id, responder, exchange, protocol, capture, community
);
DROP INDEX wire_sessions_responder;
CREATE INDEX wire_sessions_responder ON wire_sessions (
    responder, started, id, originator, exchange, protocol, capture, community
);
