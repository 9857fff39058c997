-- An action of the fleet that goes to its hosts in rings. Who is in which ring is laid down when it starts: hosts on
-- which it is done leave the action, and would change the rings of those that remain.
CREATE TABLE rollouts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- The key of the action.
    action TEXT NOT NULL,
    title TEXT NOT NULL,
    -- The share of a ring that has to be verified before the next opens.
    needed_percent INTEGER NOT NULL,
    owner TEXT NOT NULL,
    started INTEGER NOT NULL,
    -- 0 while it goes on.
    ended INTEGER NOT NULL
);
CREATE UNIQUE INDEX rollouts_going_on ON rollouts (action) WHERE ended = 0;

CREATE TABLE rollout_hosts (
    rollout INTEGER NOT NULL REFERENCES rollouts (id) ON DELETE CASCADE,
    host TEXT NOT NULL REFERENCES hosts (id) ON DELETE CASCADE,
    ring INTEGER NOT NULL,
    -- The weapons that the action closes on this host, parted by spaces; '' when it closes none for good.
    weapons TEXT NOT NULL,
    PRIMARY KEY (rollout, host)
);
CREATE INDEX rollout_hosts_ring ON rollout_hosts (rollout, ring, host);
CREATE INDEX rollout_hosts_host ON rollout_hosts (host);
