-- The index of words for long conversations: numbers of contents as sets (Roaring bitmaps), where search_words has a row
-- for each. A posting moves from search_words into a block, and from several blocks into one; it is found in all of them.

-- What was moved together. level: how often its postings were merged with others. removals: how often some were taken out.
CREATE TABLE search_segments (
    id {bigint_pk_auto},
    talk BIGINT NOT NULL,
    level BIGINT NOT NULL,
    removals BIGINT NOT NULL
) {engine_suffix};
CREATE INDEX search_segments_by_talk ON search_segments (talk, level);

-- word: a word, or (ending in byte 255) the beginning of more words than are read one by one: what all of these have.
CREATE TABLE search_blocks (
    segment BIGINT NOT NULL,
    word VARBINARY(136) NOT NULL,
    postings BIGINT NOT NULL,
    ids {blob} NOT NULL,
    PRIMARY KEY (segment, word)
) {clustered_suffix};

-- Contents that lie in a box: of the messages with 4096 consecutive ids, all of which were given out.
-- stale: a message of these is gone since.
CREATE TABLE box_contents (
    owner_id BIGINT NOT NULL,
    block BIGINT NOT NULL,
    stale SMALLINT NOT NULL,
    contents BIGINT NOT NULL,
    ids {blob} NOT NULL,
    PRIMARY KEY (owner_id, block)
) {clustered_suffix};

-- Senders and kinds of media are indexed as words are: everything once more, words that are there stay.
DELETE FROM server_state WHERE name = 'search_indexed';
