-- Who came into a group by which link.
CREATE TABLE chat_invite_uses (
    hash VARCHAR(64) NOT NULL,
    user_id BIGINT NOT NULL,
    joined_at BIGINT NOT NULL,
    PRIMARY KEY (hash, user_id)
) {clustered_suffix};
