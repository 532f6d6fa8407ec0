-- Message boxes: the content of a message once, and a row of it for each owner.

-- One row a user: the last pts and the last message id given out, and from which pts the log is complete.
CREATE TABLE message_boxes (
    user_id BIGINT NOT NULL PRIMARY KEY,
    pts BIGINT NOT NULL,
    last_message_id BIGINT NOT NULL,
    log_floor BIGINT NOT NULL
) {clustered_suffix};

-- sender_message_id and sender_pts are what the sender was told, so that a repeated send is told the same.
-- The row stays when every owner has deleted the message (its text is emptied): random_id must go on being known.
CREATE TABLE message_contents (
    id {bigint_pk_auto},
    sender_id BIGINT NOT NULL,
    random_id BIGINT,
    sender_message_id BIGINT NOT NULL,
    sender_pts BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    edited_at BIGINT NOT NULL,
    message {text} NOT NULL,
    folded {text} NOT NULL,
    tags BIGINT NOT NULL,
    extra {blob}
) {engine_suffix};
CREATE UNIQUE INDEX message_contents_random_id ON message_contents (sender_id, random_id);

CREATE TABLE messages (
    owner_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    peer BIGINT NOT NULL,
    content_id BIGINT NOT NULL,
    sent_at BIGINT NOT NULL,
    outgoing SMALLINT NOT NULL,
    mentioned SMALLINT NOT NULL,
    media_unread SMALLINT NOT NULL,
    pinned SMALLINT NOT NULL,
    reply_to_id BIGINT NOT NULL,
    -- In Saved Messages: whom it was saved from (marked id); elsewhere 0.
    saved_peer BIGINT NOT NULL,
    PRIMARY KEY (owner_id, id)
) {clustered_suffix};
CREATE INDEX messages_by_peer ON messages (owner_id, peer, id);
CREATE INDEX messages_by_content ON messages (content_id, owner_id);

CREATE TABLE dialogs (
    owner_id BIGINT NOT NULL,
    peer BIGINT NOT NULL,
    top_message_id BIGINT NOT NULL,
    top_sent_at BIGINT NOT NULL,
    read_inbox_max_id BIGINT NOT NULL,
    read_outbox_max_id BIGINT NOT NULL,
    unread_count BIGINT NOT NULL,
    unread_mentions BIGINT NOT NULL,
    unread_mark SMALLINT NOT NULL,
    pinned_order BIGINT NOT NULL,
    folder_id BIGINT NOT NULL,
    pinned_message_id BIGINT NOT NULL,
    hidden_bar SMALLINT NOT NULL,
    draft {blob},
    PRIMARY KEY (owner_id, peer)
) {clustered_suffix};
CREATE INDEX dialogs_by_date ON dialogs (owner_id, top_sent_at, top_message_id);

-- When what was read. In a private chat (peer > 0): when the other side had read up to the owner's max_id.
-- In a group (peer < 0): when the owner had read up to their own max_id.
CREATE TABLE read_dates (
    owner_id BIGINT NOT NULL,
    peer BIGINT NOT NULL,
    max_id BIGINT NOT NULL,
    read_at BIGINT NOT NULL,
    PRIMARY KEY (owner_id, peer, max_id)
) {clustered_suffix};

CREATE TABLE saved_dialog_pins (
    owner_id BIGINT NOT NULL,
    saved_peer BIGINT NOT NULL,
    pinned_order BIGINT NOT NULL,
    PRIMARY KEY (owner_id, saved_peer)
) {clustered_suffix};
