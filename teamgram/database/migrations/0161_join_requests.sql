-- Who asks to be let into a group (a basic group's id, or a channel's marked id) and by which link: '' for none.
CREATE TABLE join_requests (
    group_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    hash VARCHAR(64) NOT NULL,
    requested_at BIGINT NOT NULL,
    PRIMARY KEY (group_id, user_id)
) {clustered_suffix};
CREATE INDEX join_requests_by_date ON join_requests (group_id, requested_at, user_id);
CREATE INDEX join_requests_by_user ON join_requests (user_id);
CREATE INDEX join_requests_by_link ON join_requests (hash);
ALTER TABLE chat_invites ADD COLUMN request_needed SMALLINT NOT NULL DEFAULT 0;
-- Which administrator let them in; 0 where the link alone did.
ALTER TABLE chat_invite_uses ADD COLUMN approved_by BIGINT NOT NULL DEFAULT 0;
