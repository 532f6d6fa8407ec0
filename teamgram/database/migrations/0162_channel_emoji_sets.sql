-- The custom emoji of a supergroup, which its members may use there.
ALTER TABLE channels ADD COLUMN emoji_set_id BIGINT NOT NULL DEFAULT 0;
