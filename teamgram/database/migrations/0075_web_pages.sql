-- Pages that links lead to, and the messages that wait for one.

-- url_key: SHA-256 of the address in hexadecimal. fetched_at: 0 until it came, or was not to be had. details: JSON, see
-- domain/boxes/media.py.
CREATE TABLE web_pages (
    id BIGINT NOT NULL PRIMARY KEY,
    url_key VARCHAR(64) NOT NULL,
    fetched_at BIGINT NOT NULL,
    details {blob} NOT NULL
) {engine_suffix};
CREATE UNIQUE INDEX web_pages_by_url ON web_pages (url_key);

CREATE TABLE web_page_waits (
    page_id BIGINT NOT NULL,
    content_id BIGINT NOT NULL,
    PRIMARY KEY (page_id, content_id)
) {clustered_suffix};
