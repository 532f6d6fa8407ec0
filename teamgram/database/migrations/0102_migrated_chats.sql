-- The supergroup that a basic group became, and its access hash; 0 for none.
ALTER TABLE chats ADD COLUMN migrated_to BIGINT NOT NULL DEFAULT 0;
ALTER TABLE chats ADD COLUMN migrated_to_hash BIGINT NOT NULL DEFAULT 0;
