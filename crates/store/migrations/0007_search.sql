-- A search by text was as slow as fetching every row in the order of an index. With the text in the indexes of the
-- default order and of the facets, a row is fetched when it is found, and facets fetch none; the states do the same
-- for facets under a weapon.
-- only SQLite: PostgreSQL reads all rows in the order they lie in, and its indexes refuse a long text.
DROP INDEX hosts_facets;
CREATE INDEX hosts_facets ON hosts (
    product, host_group, zone, role, worst, plan_state, urgency, states, search, id
);
DROP INDEX hosts_urgency_label;
CREATE INDEX hosts_urgency_label ON hosts (urgency, label, id, profile, search);
