-- What a file waits for: to be read (static), or to be run where nothing can be harmed (dynamic). Nothing is run yet; a
-- row keeps its place in the queue when it goes from one to the other.
ALTER TABLE files ADD COLUMN stage TEXT NOT NULL DEFAULT 'static';
DROP INDEX files_queue;
CREATE INDEX files_queue ON files (state, stage, priority, queued);
