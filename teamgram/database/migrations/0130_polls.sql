-- Polls: one row each, however many messages show it. What is asked lies in the contents that carry it; counts (JSON, by
-- the answers' places) and recent (JSON, the last voters' ids) are what the votes add up to.
CREATE TABLE polls (
    id BIGINT NOT NULL PRIMARY KEY,
    closed SMALLINT NOT NULL,
    closes_at BIGINT NOT NULL,
    voters BIGINT NOT NULL,
    counts {blob} NOT NULL,
    recent {blob} NOT NULL
) {engine_suffix};
CREATE INDEX polls_by_end ON polls (closed, closes_at);

-- Contents that show a poll: the message in which it was asked, and those in which that was sent on.
CREATE TABLE poll_places (
    poll_id BIGINT NOT NULL,
    content_id BIGINT NOT NULL,
    PRIMARY KEY (poll_id, content_id)
) {clustered_suffix};
CREATE INDEX poll_places_by_content ON poll_places (content_id);

-- choices: a bit for each answer, by its place.
CREATE TABLE poll_votes (
    poll_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    choices BIGINT NOT NULL,
    voted_at BIGINT NOT NULL,
    PRIMARY KEY (poll_id, user_id)
) {clustered_suffix};
CREATE INDEX poll_votes_by_date ON poll_votes (poll_id, voted_at, user_id);
