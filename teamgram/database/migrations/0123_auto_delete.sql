-- Messages that delete themselves some time after they were sent. What holds in a channel is in its own row.
-- Seconds, 0 for never; of users: what they want in conversations that they begin.
ALTER TABLE users ADD COLUMN default_ttl BIGINT NOT NULL DEFAULT 0;
ALTER TABLE chats ADD COLUMN ttl_seconds BIGINT NOT NULL DEFAULT 0;

-- Of a private chat, in a row for each side; where there is none nobody has chosen.
CREATE TABLE private_ttls (
    owner_id BIGINT NOT NULL,
    peer BIGINT NOT NULL,
    seconds BIGINT NOT NULL,
    PRIMARY KEY (owner_id, peer)
) {clustered_suffix};

CREATE TABLE message_ends (
    content_id BIGINT NOT NULL PRIMARY KEY,
    ends_at BIGINT NOT NULL
) {clustered_suffix};
CREATE INDEX message_ends_by_time ON message_ends (ends_at, content_id);
