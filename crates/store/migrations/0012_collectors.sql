-- Collectors: sensors on other machines, and what they delivered. Who may deliver stands in a file beside this database.

CREATE TABLE collector_sources (
    -- A collector and its spool, which numbers its batches without gaps.
    source TEXT PRIMARY KEY,
    collector TEXT NOT NULL,
    -- Up to which number its findings and what stands out are in the tables of the wire; -1 before the first.
    reached INTEGER NOT NULL,
    heard INTEGER NOT NULL,
    -- Figures, told from time to time: those of the last seconds before a crash are not in them.
    batches INTEGER NOT NULL,
    records INTEGER NOT NULL,
    lost INTEGER NOT NULL,
    refused INTEGER NOT NULL,
    -- Why the last one was refused, and when; '' and 0 when none was.
    trouble TEXT NOT NULL,
    trouble_at INTEGER NOT NULL
);
CREATE INDEX collector_sources_collector ON collector_sources (collector);
