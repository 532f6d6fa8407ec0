-- Basic groups.
CREATE TABLE chats (
    id {bigint_pk_auto},
    title VARCHAR(512) NOT NULL,
    about VARCHAR(1024) NOT NULL,
    creator_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    version BIGINT NOT NULL,
    default_banned_rights BIGINT NOT NULL,
    deactivated SMALLINT NOT NULL,
    noforwards SMALLINT NOT NULL
) {engine_suffix};

-- status: 0 there, 1 left, 2 removed. The row stays, so that who was there goes on seeing the old messages' group.
CREATE TABLE chat_participants (
    chat_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    inviter_id BIGINT NOT NULL,
    joined_at BIGINT NOT NULL,
    role SMALLINT NOT NULL,
    status SMALLINT NOT NULL,
    PRIMARY KEY (chat_id, user_id)
) {clustered_suffix};
CREATE INDEX chat_participants_by_user ON chat_participants (user_id, status, chat_id);

CREATE TABLE chat_invites (
    hash VARCHAR(64) NOT NULL PRIMARY KEY,
    chat_id BIGINT NOT NULL,
    admin_id BIGINT NOT NULL,
    title VARCHAR(128) NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    usage_limit BIGINT NOT NULL,
    used BIGINT NOT NULL,
    revoked SMALLINT NOT NULL,
    permanent SMALLINT NOT NULL
) {engine_suffix};
CREATE INDEX chat_invites_by_chat ON chat_invites (chat_id, admin_id, revoked);
