-- Words of messages, normalised by us (domain/search/words.py), so that both databases find the same.

-- A conversation, whoever's box it is seen from: a private chat by its two users, a group or channel by its marked id twice.
CREATE TABLE search_talks (
    id {bigint_pk_auto},
    low BIGINT NOT NULL,
    high BIGINT NOT NULL
) {engine_suffix};
CREATE UNIQUE INDEX search_talks_by_peers ON search_talks (low, high);

-- One row for each different word of a content; whose box has the content is asked of messages.
CREATE TABLE search_words (
    talk BIGINT NOT NULL,
    word VARBINARY(128) NOT NULL,
    content_id BIGINT NOT NULL,
    PRIMARY KEY (talk, word, content_id)
) {clustered_suffix};

-- Contents that an edit or a deletion changed, with what they said before; a row goes when the words are right again.
CREATE TABLE search_changes (
    id {bigint_pk_auto},
    content_id BIGINT NOT NULL,
    low BIGINT NOT NULL,
    high BIGINT NOT NULL,
    message {text} NOT NULL
) {engine_suffix};

-- The words take its place.
ALTER TABLE message_contents DROP COLUMN folded;
