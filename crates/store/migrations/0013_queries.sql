-- Questions in SQL that somebody keeps for everybody.

CREATE TABLE saved_queries (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    question TEXT NOT NULL,
    owner TEXT NOT NULL,
    changed INTEGER NOT NULL
);
CREATE UNIQUE INDEX saved_queries_name ON saved_queries (name);
