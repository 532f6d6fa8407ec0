-- The permanent key whose authorization was exported and imported with this one: a client's key for another data
-- centre, no device of its own. 0: signed in by itself.
ALTER TABLE auth_bindings ADD COLUMN carried_from BIGINT NOT NULL DEFAULT 0;
CREATE INDEX auth_bindings_by_origin ON auth_bindings (carried_from);
