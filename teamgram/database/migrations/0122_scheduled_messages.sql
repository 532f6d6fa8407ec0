-- Messages that wait for their time. number: of this server, for the uses of files; id: what its owner calls it in that
-- dialog, where scheduled messages are counted by themselves. due_at: unix seconds, 2147483646 when the other one is online.
-- details: JSON, see domain/scheduled/store.py.
CREATE TABLE scheduled_messages (
    number {bigint_pk_auto},
    owner_id BIGINT NOT NULL,
    peer BIGINT NOT NULL,
    id BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    edited_at BIGINT NOT NULL,
    random_id BIGINT,
    details {blob} NOT NULL
) {engine_suffix};
CREATE UNIQUE INDEX scheduled_messages_by_id ON scheduled_messages (owner_id, peer, id);
CREATE UNIQUE INDEX scheduled_messages_by_random_id ON scheduled_messages (owner_id, random_id);
CREATE INDEX scheduled_messages_by_time ON scheduled_messages (due_at, peer);

CREATE TABLE scheduled_message_ids (
    owner_id BIGINT NOT NULL,
    peer BIGINT NOT NULL,
    last_id BIGINT NOT NULL,
    PRIMARY KEY (owner_id, peer)
) {clustered_suffix};
