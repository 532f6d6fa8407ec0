-- What an account is uploading, in one row, so that a part costs the same however many files are on their way:
-- files that are not joined yet, and the bytes that they count (uploads.held).
CREATE TABLE upload_accounts (
    user_id BIGINT NOT NULL PRIMARY KEY,
    open_uploads BIGINT NOT NULL,
    held BIGINT NOT NULL
) {clustered_suffix};
INSERT INTO upload_accounts (user_id, open_uploads, held)
    SELECT user_id, COUNT(*), SUM(held) FROM uploads WHERE blob_name = '' GROUP BY user_id;
