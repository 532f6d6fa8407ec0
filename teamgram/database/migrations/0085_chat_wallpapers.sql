-- What is behind the private chat of a user with another one, as that user sees it. overridden: the other one put it there.
-- details: JSON, see domain/wallpapers/wallpaper.py.
CREATE TABLE chat_wallpapers (
    owner_id BIGINT NOT NULL,
    peer BIGINT NOT NULL,
    overridden BIGINT NOT NULL,
    details {blob} NOT NULL,
    PRIMARY KEY (owner_id, peer)
) {clustered_suffix};
