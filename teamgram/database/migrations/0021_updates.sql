-- What changed in each user's message box, by the pts that the change took.
CREATE TABLE update_log (
    user_id BIGINT NOT NULL,
    pts BIGINT NOT NULL,
    pts_count BIGINT NOT NULL,
    logged_at BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    event {blob} NOT NULL,
    PRIMARY KEY (user_id, pts)
) {clustered_suffix};
