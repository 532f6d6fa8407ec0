-- Devices that are taking their user's data out (core.telegram.org/api/takeout).
CREATE TABLE takeouts (
    id BIGINT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    perm_auth_key_id BIGINT NOT NULL,
    begun_at BIGINT NOT NULL
) {clustered_suffix};
CREATE INDEX takeouts_by_user ON takeouts (user_id, perm_auth_key_id);
