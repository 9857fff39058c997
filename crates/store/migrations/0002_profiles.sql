-- What decides a host's share in the fleet is kept once for all hosts that are alike, so that a hundred thousand hosts
-- are counted by profile without reading one of them. `form` says which program's reading of a host it is.
CREATE TABLE profiles (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    form INTEGER NOT NULL,
    digest TEXT NOT NULL UNIQUE,
    body BLOB NOT NULL
);

-- 0 is a host that is not judged, -1 one that was judged before there were profiles.
ALTER TABLE hosts ADD COLUMN profile INTEGER NOT NULL DEFAULT 0;
UPDATE hosts SET profile = -1 WHERE assessed_at > 0;
CREATE INDEX hosts_profile ON hosts (profile, value);
-- A list by profiles in the default order is read from here: the profile is in the index, so that the walk to the first
-- page touches no row of another one.
DROP INDEX hosts_urgency_label;
CREATE INDEX hosts_urgency_label ON hosts (urgency, label, id, profile);

-- Counted with each chunk, so that an import that is taken up again counts nothing twice.
ALTER TABLE imports ADD COLUMN new_hosts INTEGER NOT NULL DEFAULT 0;
