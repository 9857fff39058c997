-- Frames of evidence that a live capture chose and could not write: the disk was too slow.
ALTER TABLE captures ADD COLUMN evidence_shed INTEGER NOT NULL DEFAULT 0;
