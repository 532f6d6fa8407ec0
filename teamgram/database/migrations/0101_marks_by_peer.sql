-- Whom a channel's message speaks to, found when it is deleted: each of them has a mark of their own.
CREATE INDEX message_marks_by_peer ON message_marks (peer, id, kind);
