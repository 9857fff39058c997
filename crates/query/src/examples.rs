//! Questions to begin with, which are also what dashboards ask.

/// Name and question; the name's words are `query.example-NAME`.
pub const EXAMPLES: [(&str, &str); 13] = [
    (
        "traffic-by-hour",
        "SELECT date_trunc('hour', start) AS hour, count(*) AS sessions,\n       sum(originator_bytes + responder_bytes) AS bytes\nFROM session\nGROUP BY hour\nORDER BY hour",
    ),
    (
        "protocols",
        "SELECT coalesce(protocol, 'unknown') AS protocol, count(*) AS sessions,\n       count(DISTINCT originator) AS clients,\n       sum(originator_bytes + responder_bytes) AS bytes\nFROM session\nGROUP BY 1\nORDER BY sessions DESC",
    ),
    (
        "talkers",
        "SELECT originator, count(*) AS sessions, sum(originator_bytes) AS sent,\n       sum(responder_bytes) AS received\nFROM session\nGROUP BY originator\nORDER BY sent DESC\nLIMIT 50",
    ),
    (
        "spread",
        "SELECT originator, responder_port, count(DISTINCT responder) AS hosts,\n       min(start) AS first, max(start) AS last\nFROM session\nWHERE responder_port IN (135, 139, 445, 3389)\nGROUP BY originator, responder_port\nHAVING count(DISTINCT responder) > 20\nORDER BY hosts DESC",
    ),
    (
        "outward",
        "SELECT originator, responder, responder_port, count(*) AS sessions,\n       sum(originator_bytes) AS sent\nFROM session\nWHERE is_internal(originator) AND NOT is_internal(responder)\nGROUP BY 1, 2, 3\nORDER BY sent DESC\nLIMIT 100",
    ),
    (
        "odd-ports",
        "SELECT protocol, responder_port, count(*) AS sessions\nFROM session\nWHERE protocol IN ('http', 'tls', 'smb', 'ssh', 'rdp')\n  AND responder_port NOT IN (22, 80, 139, 443, 445, 3389, 8080, 8443)\nGROUP BY 1, 2\nORDER BY sessions DESC\nLIMIT 100",
    ),
    (
        "files",
        "SELECT file_sha256, min(file_name) AS name, min(file_media_type) AS media_type,\n       count(*) AS carried, count(DISTINCT responder) AS hosts, min(start) AS first\nFROM session\nWHERE file_sha256 IS NOT NULL\nGROUP BY file_sha256\nORDER BY hosts DESC, carried DESC\nLIMIT 100",
    ),
    (
        "failed-logons",
        "SELECT account, responder, result, count(*) AS times\nFROM session\nWHERE account IS NOT NULL AND result IS NOT NULL\nGROUP BY 1, 2, 3\nORDER BY times DESC\nLIMIT 100",
    ),
    (
        "findings-by-weapon",
        "SELECT weapon, originator, responder, sum(count) AS times, min(first) AS first,\n       max(last) AS last\nFROM finding\nGROUP BY 1, 2, 3\nORDER BY last DESC",
    ),
    (
        "exposed-and-spoken-to",
        "SELECT a.label, a.zone, a.worst_weapon, count(*) AS sessions,\n       count(DISTINCT s.originator) AS clients\nFROM session s\nJOIN asset_address d ON d.address = s.responder\nJOIN asset a ON a.host = d.host\nWHERE s.responder_port = 445 AND a.open_weapons > 0\nGROUP BY 1, 2, 3\nORDER BY clients DESC",
    ),
    (
        "rare-programs",
        "SELECT file_sha256, min(path) AS path, count(DISTINCT endpoint) AS endpoints,\n       min(time) AS first, max(time) AS last\nFROM activity\nWHERE did IN ('ran', 'launched') AND origin = 'nobody'\nGROUP BY file_sha256\nORDER BY endpoints, first DESC\nLIMIT 100",
    ),
    (
        "programs-outward",
        "SELECT path, file_sha256, responder, responder_port, count(*) AS times,\n       count(DISTINCT endpoint) AS endpoints\nFROM activity\nWHERE did = 'opened' AND NOT is_internal(responder)\nGROUP BY 1, 2, 3, 4\nORDER BY times DESC\nLIMIT 100",
    ),
    (
        "programs-of-sessions",
        "SELECT s.start, a.endpoint, a.path, a.file_sha256, s.responder, s.responder_port,\n       s.protocol, s.object\nFROM session s\nJOIN activity a ON a.did = 'opened' AND a.originator = s.originator\n  AND a.port = s.originator_port AND a.responder = s.responder\n  AND a.responder_port = s.responder_port\nORDER BY s.start DESC\nLIMIT 100",
    ),
];
