-- 1: some of the owner's dialogs are in the archive (dialogs.folder_id = 1), so a new message there may have to take
-- one out of it. Kept beside the counters, which every message reads anyway.
ALTER TABLE message_boxes ADD COLUMN archives SMALLINT NOT NULL DEFAULT 0;
