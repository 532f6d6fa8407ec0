-- A box and its log belong to an owner, today always a user; and the mark for a mention that its
-- owner has not seen gets a name of its own (media_unread was that and nothing else).
ALTER TABLE message_boxes RENAME COLUMN user_id TO owner_id;
ALTER TABLE update_log RENAME COLUMN user_id TO owner_id;
ALTER TABLE messages RENAME COLUMN media_unread TO mention_unread;
