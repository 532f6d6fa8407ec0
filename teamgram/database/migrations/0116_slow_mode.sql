-- When somebody wrote last in a supergroup in which members wait between two messages (unix seconds).
CREATE TABLE slow_mode_turns (
    channel_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    PRIMARY KEY (channel_id, user_id)
) {clustered_suffix};
