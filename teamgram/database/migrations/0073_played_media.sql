-- Media that is played: voice, round videos, and what ends by itself. media_unread: this owner has not played it, or (on
-- the sender's side) nobody has.
ALTER TABLE messages ADD COLUMN media_unread SMALLINT NOT NULL DEFAULT 0;

-- Contents whose media was opened and is gone at that time (unix seconds).
CREATE TABLE media_ends (
    content_id BIGINT NOT NULL PRIMARY KEY,
    ends_at BIGINT NOT NULL
) {engine_suffix};
CREATE INDEX media_ends_by_time ON media_ends (ends_at);
