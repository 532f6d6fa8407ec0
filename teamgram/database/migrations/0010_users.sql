-- Accounts and their usernames.
CREATE TABLE users (
    id {bigint_pk_auto},
    access_hash BIGINT NOT NULL,
    -- NULL, not '', for accounts without a number: UNIQUE must not bind those.
    phone VARCHAR(32) UNIQUE,
    first_name VARCHAR(255) NOT NULL DEFAULT '',
    last_name VARCHAR(255) NOT NULL DEFAULT '',
    username VARCHAR(32) NOT NULL DEFAULT '',
    about VARCHAR(512) NOT NULL DEFAULT '',
    birthday VARCHAR(10) NOT NULL DEFAULT '',
    lang_code VARCHAR(64) NOT NULL DEFAULT '',
    photo_id BIGINT NOT NULL DEFAULT 0,
    is_bot SMALLINT NOT NULL DEFAULT 0,
    is_verified SMALLINT NOT NULL DEFAULT 0,
    is_support SMALLINT NOT NULL DEFAULT 0,
    is_deleted SMALLINT NOT NULL DEFAULT 0,
    created_at BIGINT NOT NULL
) {engine_suffix};

-- name is lower case; users.username keeps the owner's spelling.
CREATE TABLE usernames (
    name VARCHAR(32) NOT NULL PRIMARY KEY,
    peer_kind SMALLINT NOT NULL,
    peer_id BIGINT NOT NULL
) {clustered_suffix};

-- Everybody else is numbered from here on.
INSERT INTO users (id, access_hash, first_name, is_verified, is_support, created_at)
VALUES (777000, 7770001234567, 'Telegram', 1, 1, 0);

CREATE TABLE last_seen (
    user_id BIGINT NOT NULL PRIMARY KEY,
    seen_at BIGINT NOT NULL
) {clustered_suffix};

-- rules: JSON, [[kind, user id, ...], ...]
CREATE TABLE privacy_rules (
    user_id BIGINT NOT NULL,
    rule_key VARCHAR(64) NOT NULL,
    rules {text} NOT NULL,
    PRIMARY KEY (user_id, rule_key)
) {clustered_suffix};

-- Small choices of an account (JSON by name): account_ttl_days, contact_sign_up_silent, …
CREATE TABLE account_settings (
    user_id BIGINT NOT NULL,
    name VARCHAR(64) NOT NULL,
    setting {text} NOT NULL,
    PRIMARY KEY (user_id, name)
) {clustered_suffix};
