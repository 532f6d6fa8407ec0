-- What people report to the operator. peer: whom or what (marked id). kind: spam, peer, photo, message, reaction.
-- about_id: of the person in a group, or of the photo, that is meant; 0 for none.
-- said: what who reports wrote beside it. copied: JSON, the messages as they were, see domain/reports/reports.py.
-- closed_at: unix seconds, 0 while nobody has dealt with it.
CREATE TABLE reports (
    id {bigint_pk_auto},
    reporter_id BIGINT NOT NULL,
    peer BIGINT NOT NULL,
    about_id BIGINT NOT NULL,
    kind VARCHAR(16) NOT NULL,
    reason VARCHAR(32) NOT NULL,
    said {text} NOT NULL,
    copied {blob} NOT NULL,
    reported_at BIGINT NOT NULL,
    closed_at BIGINT NOT NULL
) {engine_suffix};
CREATE INDEX reports_by_state ON reports (closed_at, id);
CREATE INDEX reports_by_reporter ON reports (reporter_id, closed_at);
