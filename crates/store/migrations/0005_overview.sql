-- What the overview counts stands in one narrow index: its totals are one walk over it, without touching a row.
CREATE INDEX hosts_overview ON hosts (
    assessed_at, open_count, unknown_count, open_kev, supported, product, updates, last_seen
);
-- Plans with a day are few; the others are not looked at for those that are late.
CREATE INDEX plans_due ON plans (due) WHERE due <> '';
