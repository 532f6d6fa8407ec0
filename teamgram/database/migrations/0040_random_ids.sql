-- The dialog that the sender sent it to (marked id): a random_id used again for another one is told from a resend.
-- 0: not known, as for what nobody has any more of the time before this.
ALTER TABLE message_contents ADD COLUMN peer BIGINT NOT NULL DEFAULT 0;
UPDATE message_contents SET peer = COALESCE((SELECT m.peer FROM messages m
    WHERE m.content_id = message_contents.id AND m.owner_id = message_contents.sender_id), 0);
