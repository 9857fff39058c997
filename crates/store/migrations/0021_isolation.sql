-- Endpoints that speak with nobody but their server: what was asked of each last ('' before that), whether it is to be
-- isolated, and whether it says that it is.
ALTER TABLE endpoints ADD COLUMN isolation TEXT NOT NULL DEFAULT '';
ALTER TABLE endpoints ADD COLUMN isolate INTEGER NOT NULL DEFAULT 0;
ALTER TABLE endpoints ADD COLUMN isolated INTEGER NOT NULL DEFAULT 0;
