-- Pending sign-in codes. digest and sealed are made with a key that is not in the database.
CREATE TABLE sign_in_codes (
    phone_code_hash VARCHAR(64) NOT NULL PRIMARY KEY,
    phone VARCHAR(32) NOT NULL,
    purpose VARCHAR(32) NOT NULL,
    digest {blob} NOT NULL,
    sealed {blob} NOT NULL,
    kind VARCHAR(16) NOT NULL,
    attempts BIGINT NOT NULL,
    resends BIGINT NOT NULL,
    verified SMALLINT NOT NULL,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
) {engine_suffix};
CREATE INDEX sign_in_codes_by_phone ON sign_in_codes (phone, purpose);
CREATE INDEX sign_in_codes_by_expiry ON sign_in_codes (expires_at);
