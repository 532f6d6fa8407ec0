-- How far a bot has taken what is written in a channel (its marked id); joined_at: when it came there, the last time.
CREATE TABLE bot_channels (
    bot_id BIGINT NOT NULL,
    channel BIGINT NOT NULL,
    joined_at BIGINT NOT NULL,
    taken_pts BIGINT NOT NULL,
    PRIMARY KEY (bot_id, channel)
) {clustered_suffix};
