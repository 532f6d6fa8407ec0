-- Where posts of channels were sent on to: channels and supergroups, by the post's content.
CREATE TABLE post_copies (
    content_id BIGINT NOT NULL,
    channel_id BIGINT NOT NULL,
    marked_id BIGINT NOT NULL,
    message_id BIGINT NOT NULL,
    PRIMARY KEY (content_id, channel_id, message_id)
) {clustered_suffix};
