-- Auth keys, permanent and temporary. The keys are what an attacker would want: the file is readable by its owner only.
CREATE TABLE auth_keys (
    auth_key_id BIGINT NOT NULL PRIMARY KEY,
    auth_key VARBINARY(256) NOT NULL,
    -- AuthKeyType: 0 permanent, 1 temporary, 2 media temporary
    key_type BIGINT NOT NULL,
    -- itself for a permanent key, 0 for a temporary one that is not bound
    perm_auth_key_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    -- 0: never
    expires_at BIGINT NOT NULL,
    -- where the key's salts come from, see teamgram/authsession/salts.py
    first_salt BIGINT NOT NULL,
    salt_seed VARBINARY(32) NOT NULL
) {engine_suffix};
CREATE INDEX auth_keys_by_perm ON auth_keys (perm_auth_key_id);
CREATE INDEX auth_keys_by_expiry ON auth_keys (expires_at);

-- Who is signed in with a permanent key.
CREATE TABLE auth_bindings (
    perm_auth_key_id BIGINT NOT NULL PRIMARY KEY,
    user_id BIGINT NOT NULL,
    -- names this authorization in account.getAuthorizations
    hash BIGINT NOT NULL,
    created_at BIGINT NOT NULL
) {engine_suffix};
CREATE INDEX auth_bindings_by_user ON auth_bindings (user_id);

-- What initConnection said, and when and from where the device was last seen.
CREATE TABLE auth_devices (
    perm_auth_key_id BIGINT NOT NULL PRIMARY KEY,
    layer BIGINT NOT NULL,
    api_id BIGINT NOT NULL,
    device_model VARCHAR(128) NOT NULL,
    system_version VARCHAR(128) NOT NULL,
    app_version VARCHAR(128) NOT NULL,
    system_lang_code VARCHAR(128) NOT NULL,
    lang_pack VARCHAR(128) NOT NULL,
    lang_code VARCHAR(128) NOT NULL,
    client_addr VARCHAR(128) NOT NULL,
    active_at BIGINT NOT NULL
) {engine_suffix};
