-- Folders of conversations (core.telegram.org/api/folders), and links by which others get one.

-- One row for who has any: its lock is the lock of them all. listed_ids: JSON, all ids in their order, 0 for all chats.
CREATE TABLE folder_lists (
    owner_id BIGINT NOT NULL PRIMARY KEY,
    listed_ids {text} NOT NULL,
    tags SMALLINT NOT NULL
) {engine_suffix};

-- slug: of the link by which it came, empty for one's own. details: JSON, see domain/folders/folder.py.
CREATE TABLE folders (
    owner_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    slug VARCHAR(64) NOT NULL,
    details {blob} NOT NULL,
    PRIMARY KEY (owner_id, id)
) {clustered_suffix};

-- peers: JSON, marked ids.
CREATE TABLE folder_links (
    slug VARCHAR(64) NOT NULL PRIMARY KEY,
    owner_id BIGINT NOT NULL,
    folder_id BIGINT NOT NULL,
    title VARCHAR(128) NOT NULL,
    created_at BIGINT NOT NULL,
    peers {text} NOT NULL
) {engine_suffix};
CREATE INDEX folder_links_by_owner ON folder_links (owner_id, folder_id, created_at);
