-- A filter that finds few hosts, or none, looked for them in every row: by a system, an action, a missing update list.
-- The index of the facets now holds every column that a filter asks about, so that the hosts it selects are found, and
-- facets under it counted, in one walk over the index.
-- only SQLite: PostgreSQL reads all rows in the order they lie in, and its indexes refuse a long text.
DROP INDEX hosts_facets;
CREATE INDEX hosts_facets ON hosts (
    product, host_group, zone, role, worst, plan_state, urgency, states, search, id,
    system_id, updates, value, next_action, open_count, supported, assessed_at, last_seen
);
