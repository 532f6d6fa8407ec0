-- Messages of a box that are few and asked for by what they are to its owner.
-- kind: 1 it speaks to the owner, 2 and the owner has not seen it, 3 it is pinned (domain/boxes/marks.py).
CREATE TABLE message_marks (
    owner_id BIGINT NOT NULL,
    peer BIGINT NOT NULL,
    kind BIGINT NOT NULL,
    id BIGINT NOT NULL,
    PRIMARY KEY (owner_id, peer, kind, id)
) {clustered_suffix};

INSERT INTO message_marks (owner_id, peer, kind, id) SELECT owner_id, peer, 1, id FROM messages WHERE mentioned = 1;
INSERT INTO message_marks (owner_id, peer, kind, id)
    SELECT owner_id, peer, 2, id FROM messages WHERE mentioned = 1 AND mention_unread = 1;
INSERT INTO message_marks (owner_id, peer, kind, id) SELECT owner_id, peer, 3, id FROM messages WHERE pinned = 1;
