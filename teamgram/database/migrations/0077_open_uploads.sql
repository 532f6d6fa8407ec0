-- The uploads of an account that are no file yet ('') are counted with every part that comes.
CREATE INDEX uploads_of_user ON uploads (user_id, blob_name);
