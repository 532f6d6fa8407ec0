-- What names files, so that what nobody names any more can go (domain/files/naming.py).

-- Files that are named inside of JSON. kind: "content" (used_by: id of a message content) or "set" (a sticker set's thumb).
CREATE TABLE file_uses (
    file_id BIGINT NOT NULL,
    kind VARCHAR(8) NOT NULL,
    used_by BIGINT NOT NULL,
    PRIMARY KEY (file_id, kind, used_by)
) {clustered_suffix};
CREATE INDEX file_uses_by_user ON file_uses (kind, used_by);

-- Bytes that documents and photos consist of: themselves, thumbs, sizes, videos.
CREATE TABLE file_blobs (
    blob_name VARCHAR(64) NOT NULL,
    file_id BIGINT NOT NULL,
    PRIMARY KEY (blob_name, file_id)
) {clustered_suffix};
CREATE INDEX file_blobs_by_file ON file_blobs (file_id);

-- What the files that an account has made hold, equal bytes each time.
CREATE TABLE storage_used (
    user_id BIGINT NOT NULL PRIMARY KEY,
    files BIGINT NOT NULL,
    bytes BIGINT NOT NULL
) {engine_suffix};

-- What was seen to be named by nobody, since when. kind: "document", "photo" or "blob". state: 0 waits, 1 its bytes are
-- being removed, 2 they are removed.
CREATE TABLE files_ending (
    kind VARCHAR(8) NOT NULL,
    name VARCHAR(64) NOT NULL,
    since BIGINT NOT NULL,
    state SMALLINT NOT NULL,
    PRIMARY KEY (kind, name)
) {clustered_suffix};
CREATE INDEX files_ending_by_age ON files_ending (since);

CREATE INDEX uploads_by_blob ON uploads (blob_name);
CREATE INDEX sticker_set_items_by_document ON sticker_set_items (document_id);
CREATE INDEX account_files_by_document ON account_files (document_id);
