-- Who has ended their account is in nobody's book any more, nor anybody in theirs; some ended before that was so.
DELETE FROM contacts WHERE contact_id IN (SELECT id FROM users WHERE is_deleted = 1);
DELETE FROM contacts WHERE owner_id IN (SELECT id FROM users WHERE is_deleted = 1);
