-- Posts of channels and their copies in the supergroup where they are spoken of.
CREATE TABLE post_discussions (
    channel_id BIGINT NOT NULL,
    post_id BIGINT NOT NULL,
    group_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    PRIMARY KEY (channel_id, post_id)
) {clustered_suffix};
CREATE INDEX post_discussions_by_copy ON post_discussions (group_id, message_id);
