-- Bots: what is known of them besides their account, and what they have not taken yet.

-- secret_hash: SHA-256 of the token's second half; empty: the bot has no token. taken_pts: up to where the log of its box
-- went into bot_updates. details, webhook: JSON, see domain/bots/bot.py; has_webhook: 1 where there is one.
CREATE TABLE bots (
    user_id BIGINT NOT NULL PRIMARY KEY,
    owner_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    secret_hash VARBINARY(32) NOT NULL,
    taken_pts BIGINT NOT NULL,
    last_update_id BIGINT NOT NULL,
    has_webhook BIGINT NOT NULL,
    webhook {blob},
    details {blob} NOT NULL
) {engine_suffix};
CREATE INDEX bots_by_webhook ON bots (has_webhook);
CREATE INDEX bots_by_owner ON bots (owner_id);

-- One row for each update that waits to be taken and confirmed; payload: JSON, see domain/bots/update.py.
CREATE TABLE bot_updates (
    bot_id BIGINT NOT NULL,
    update_id BIGINT NOT NULL,
    came_at BIGINT NOT NULL,
    payload {blob} NOT NULL,
    PRIMARY KEY (bot_id, update_id)
) {clustered_suffix};
