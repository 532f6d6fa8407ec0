-- Who has whom in the address book. is_mutual: the opposite row exists, too.
CREATE TABLE contacts (
    owner_id BIGINT NOT NULL,
    contact_id BIGINT NOT NULL,
    first_name VARCHAR(255) NOT NULL,
    last_name VARCHAR(255) NOT NULL,
    phone VARCHAR(32) NOT NULL,
    is_mutual SMALLINT NOT NULL,
    is_close_friend SMALLINT NOT NULL,
    note VARCHAR(1024) NOT NULL,
    added_at BIGINT NOT NULL,
    PRIMARY KEY (owner_id, contact_id)
) {clustered_suffix};
CREATE INDEX contacts_by_contact ON contacts (contact_id);

-- Imported numbers without an account yet; they become contacts when one signs up.
CREATE TABLE phone_book_entries (
    owner_id BIGINT NOT NULL,
    phone VARCHAR(32) NOT NULL,
    first_name VARCHAR(255) NOT NULL,
    last_name VARCHAR(255) NOT NULL,
    added_at BIGINT NOT NULL,
    PRIMARY KEY (owner_id, phone)
) {clustered_suffix};
CREATE INDEX phone_book_entries_by_phone ON phone_book_entries (phone);

CREATE TABLE blocks (
    owner_id BIGINT NOT NULL,
    blocked_id BIGINT NOT NULL,
    blocked_at BIGINT NOT NULL,
    PRIMARY KEY (owner_id, blocked_id)
) {clustered_suffix};
CREATE INDEX blocks_by_blocked ON blocks (blocked_id);
