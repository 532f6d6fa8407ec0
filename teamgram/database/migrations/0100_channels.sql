-- Channels and supergroups. Their messages lie in the tables of everybody's (owner_id is the channel's marked id), and so
-- does what the channel shows of them: the row of dialogs whose owner and peer it is.
-- kind: 0 posts for subscribers, 1 a supergroup. flags: bits of domain/channels/channel.py, Flag.
-- members: how many are in it, counted as they come and go.
CREATE TABLE channels (
    id {bigint_pk_auto},
    access_hash BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    flags BIGINT NOT NULL,
    title VARCHAR(512) NOT NULL,
    about VARCHAR(1024) NOT NULL,
    username VARCHAR(32) NOT NULL DEFAULT '',
    creator_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    default_banned_rights BIGINT NOT NULL DEFAULT 0,
    members BIGINT NOT NULL DEFAULT 0,
    slowmode_seconds BIGINT NOT NULL DEFAULT 0,
    ttl_seconds BIGINT NOT NULL DEFAULT 0,
    linked_id BIGINT NOT NULL DEFAULT 0,
    migrated_from_chat_id BIGINT NOT NULL DEFAULT 0,
    migrated_from_max_id BIGINT NOT NULL DEFAULT 0,
    sticker_set_id BIGINT NOT NULL DEFAULT 0,
    photo_id BIGINT NOT NULL DEFAULT 0,
    photo {blob}
) {engine_suffix};

CREATE INDEX channels_by_photo ON channels (photo_id);

-- Who is or was in a channel, or may not be. standing: 0 there, 1 not there, 2 put out. role: 0 member, 1 administrator, 2 owner.
-- admin_rights, banned_rights: bits as TL has them. hidden_up_to: the last message from before they came, where that is hidden.
-- listed: 0 nothing to list them for, 1 restricted, 2 put out (of the lists of those alone).
CREATE TABLE channel_members (
    channel_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    standing SMALLINT NOT NULL,
    role SMALLINT NOT NULL,
    admin_rights BIGINT NOT NULL DEFAULT 0,
    banned_rights BIGINT NOT NULL DEFAULT 0,
    banned_until BIGINT NOT NULL DEFAULT 0,
    listed SMALLINT NOT NULL DEFAULT 0,
    member_rank VARCHAR(64) NOT NULL DEFAULT '',
    inviter_id BIGINT NOT NULL DEFAULT 0,
    joined_at BIGINT NOT NULL DEFAULT 0,
    promoted_by BIGINT NOT NULL DEFAULT 0,
    restricted_by BIGINT NOT NULL DEFAULT 0,
    changed_at BIGINT NOT NULL DEFAULT 0,
    hidden_up_to BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (channel_id, user_id)
) {clustered_suffix};
CREATE INDEX channel_members_by_user ON channel_members (user_id, standing, channel_id);
CREATE INDEX channel_members_by_join ON channel_members (channel_id, standing, joined_at, user_id);
CREATE INDEX channel_members_by_role ON channel_members (channel_id, role, user_id);
CREATE INDEX channel_members_by_list ON channel_members (channel_id, listed, changed_at, user_id);

-- How far a supergroup has been read: by the one who is furthest, and by the next one (domain/messages/channel_reading.py).
CREATE TABLE channel_read_marks (
    channel_id BIGINT NOT NULL PRIMARY KEY,
    first_id BIGINT NOT NULL,
    first_user_id BIGINT NOT NULL,
    second_id BIGINT NOT NULL
) {clustered_suffix};

-- How often posts were looked at and sent on.
CREATE TABLE post_counts (
    content_id BIGINT NOT NULL PRIMARY KEY,
    views BIGINT NOT NULL,
    forwards BIGINT NOT NULL
) {clustered_suffix};
