-- Between which contents a segment's lie, so that what has changed is looked for in few of them.
ALTER TABLE search_segments ADD COLUMN low BIGINT NOT NULL DEFAULT 0;
ALTER TABLE search_segments ADD COLUMN high BIGINT NOT NULL DEFAULT 4611686018427387904;
