-- The data centre that a key was made for, as its exchange named it (1 to 5 or the server's own). 0: none was named,
-- as for every key from before this.
ALTER TABLE auth_keys ADD COLUMN dc_id BIGINT NOT NULL DEFAULT 0;
