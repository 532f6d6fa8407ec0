-- What administrators did in a channel, and who came and went, for as long as domain/channels/admin_log.py says.
-- kind: which event of that module, event: its fields as JSON.
CREATE TABLE channel_admin_log (
    id {bigint_pk_auto},
    channel_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    logged_at BIGINT NOT NULL,
    kind SMALLINT NOT NULL,
    event {blob} NOT NULL
) {engine_suffix};
CREATE INDEX channel_admin_log_by_channel ON channel_admin_log (channel_id, id);
