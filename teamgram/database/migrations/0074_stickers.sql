-- Sticker sets, who has installed which, and the files that an account keeps at hand.

-- name_key: short_name in lower case. version: one more with every change. details: JSON, see domain/stickers/sticker_set.py.
CREATE TABLE sticker_sets (
    id BIGINT NOT NULL PRIMARY KEY,
    owner_id BIGINT NOT NULL,
    name_key VARCHAR(64) NOT NULL,
    version BIGINT NOT NULL,
    details {blob} NOT NULL
) {engine_suffix};
CREATE UNIQUE INDEX sticker_sets_by_name ON sticker_sets (name_key);
CREATE INDEX sticker_sets_by_owner ON sticker_sets (owner_id, id);

-- A document is in one set only, and names it. details: JSON of its emoji and keywords.
CREATE TABLE sticker_set_items (
    set_id BIGINT NOT NULL,
    document_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    details {blob} NOT NULL,
    PRIMARY KEY (set_id, document_id)
) {clustered_suffix};

-- What stickers and sets are found by. word: an emoji of a sticker, or a word in lower case of a sticker's keywords or (with
-- document_id 0) of a set's title and short name. kind: of the set.
CREATE TABLE sticker_words (
    word VARCHAR(64) NOT NULL,
    kind VARCHAR(8) NOT NULL,
    set_id BIGINT NOT NULL,
    document_id BIGINT NOT NULL,
    PRIMARY KEY (word, kind, set_id, document_id)
) {clustered_suffix};
CREATE INDEX sticker_words_by_set ON sticker_words (set_id, document_id);

-- position: the highest is the first in the user's list.
CREATE TABLE account_sticker_sets (
    user_id BIGINT NOT NULL,
    set_id BIGINT NOT NULL,
    kind VARCHAR(8) NOT NULL,
    archived BIGINT NOT NULL,
    position BIGINT NOT NULL,
    installed_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, set_id)
) {clustered_suffix};
CREATE INDEX account_sticker_sets_by_set ON account_sticker_sets (set_id);

-- list: "recent", "attached", "faved", "gifs", "ringtones". position: the highest is the newest.
CREATE TABLE account_files (
    user_id BIGINT NOT NULL,
    list VARCHAR(16) NOT NULL,
    document_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    saved_at BIGINT NOT NULL,
    PRIMARY KEY (user_id, list, document_id)
) {clustered_suffix};
