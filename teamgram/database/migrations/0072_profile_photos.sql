-- Photos of people and groups. users.photo, users.fallback_photo, contacts.photo and chats.photo: JSON of what is shown
-- everywhere (domain/files/file.py, Avatar), so that drawing somebody reads nothing else; NULL for none.

-- What people have put up, newest last (position), and what is shown to whom they do not show that (fallback).
CREATE TABLE profile_photos (
    user_id BIGINT NOT NULL,
    fallback SMALLINT NOT NULL,
    position BIGINT NOT NULL,
    photo_id BIGINT NOT NULL,
    PRIMARY KEY (user_id, fallback, position)
) {clustered_suffix};
CREATE INDEX profile_photos_by_photo ON profile_photos (photo_id);

ALTER TABLE users DROP COLUMN photo_id;
ALTER TABLE users ADD COLUMN photo {blob};
ALTER TABLE users ADD COLUMN fallback_photo {blob};

-- The picture that the owner alone sees of a contact; 0 for none.
ALTER TABLE contacts ADD COLUMN photo_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE contacts ADD COLUMN photo {blob};
CREATE INDEX contacts_by_photo ON contacts (photo_id);

ALTER TABLE chats ADD COLUMN photo_id BIGINT NOT NULL DEFAULT 0;
ALTER TABLE chats ADD COLUMN photo {blob};
CREATE INDEX chats_by_photo ON chats (photo_id);
