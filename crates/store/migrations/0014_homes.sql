-- Several servers on one database: a job that needs what lies on one of them is for that one.

ALTER TABLE jobs ADD COLUMN home TEXT NOT NULL DEFAULT '';
