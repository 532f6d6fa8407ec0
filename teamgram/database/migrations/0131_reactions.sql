-- Reactions: one row each, and what they add up to (JSON) with the content, so that what has none costs nothing.
ALTER TABLE message_contents ADD COLUMN reactions {blob};

-- reaction: an emoji, or "c" and the id of a custom emoji. place: among the reactions of that user.
CREATE TABLE message_reactions (
    content_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    reaction VARCHAR(64) NOT NULL,
    place SMALLINT NOT NULL,
    big SMALLINT NOT NULL,
    reacted_at BIGINT NOT NULL,
    PRIMARY KEY (content_id, user_id, reaction)
) {clustered_suffix};
CREATE INDEX message_reactions_by_date ON message_reactions (content_id, reacted_at, user_id, reaction);

-- What people react with: uses, and when last (0: not among the recent ones).
CREATE TABLE used_reactions (
    user_id BIGINT NOT NULL,
    reaction VARCHAR(64) NOT NULL,
    uses BIGINT NOT NULL,
    used_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, reaction)
) {clustered_suffix};

-- What may be reacted with in a group or channel (marked id), as JSON, where that is not everything.
CREATE TABLE allowed_reactions (
    peer BIGINT NOT NULL PRIMARY KEY,
    allowed {blob} NOT NULL
) {engine_suffix};

-- Tags of saved messages: which messages of the owner have which, and what the owner calls a tag.
CREATE TABLE saved_tags (
    owner_id BIGINT NOT NULL,
    reaction VARCHAR(64) NOT NULL,
    id BIGINT NOT NULL,
    saved_peer BIGINT NOT NULL,
    PRIMARY KEY (owner_id, reaction, id)
) {clustered_suffix};
CREATE INDEX saved_tags_by_message ON saved_tags (owner_id, id);

CREATE TABLE saved_tag_titles (
    owner_id BIGINT NOT NULL,
    reaction VARCHAR(64) NOT NULL,
    title VARCHAR(64) NOT NULL,
    PRIMARY KEY (owner_id, reaction)
) {clustered_suffix};
