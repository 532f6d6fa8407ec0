-- Files: what is being uploaded, and documents and photos as they were made.

-- One row for each file of an account that is coming, or came less than a day ago. held: what it counts of the bytes
-- that may be in progress; blob_name, size, md5: once its parts were joined ('' before).
CREATE TABLE uploads (
    user_id BIGINT NOT NULL,
    file_id BIGINT NOT NULL,
    began_at BIGINT NOT NULL,
    total_parts BIGINT NOT NULL,
    held BIGINT NOT NULL,
    parts BIGINT NOT NULL,
    blob_name VARCHAR(64) NOT NULL,
    size BIGINT NOT NULL,
    md5 VARCHAR(32) NOT NULL,
    PRIMARY KEY (user_id, file_id)
) {clustered_suffix};
CREATE INDEX uploads_by_age ON uploads (began_at);

CREATE TABLE upload_parts (
    user_id BIGINT NOT NULL,
    file_id BIGINT NOT NULL,
    part BIGINT NOT NULL,
    size BIGINT NOT NULL,
    staged VARCHAR(64) NOT NULL,
    PRIMARY KEY (user_id, file_id, part)
) {clustered_suffix};

-- details: JSON, see domain/files/file.py.
CREATE TABLE documents (
    id BIGINT NOT NULL PRIMARY KEY,
    owner_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    size BIGINT NOT NULL,
    blob_name VARCHAR(64) NOT NULL,
    details {blob} NOT NULL
) {engine_suffix};
CREATE INDEX documents_by_blob ON documents (blob_name);

CREATE TABLE photos (
    id BIGINT NOT NULL PRIMARY KEY,
    owner_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    details {blob} NOT NULL
) {engine_suffix};
