-- Wallpapers that users made, and those that an account has at hand.

-- slug: the last part of its link. document_id: 0 for one that consists of colours alone. details: JSON, see
-- domain/wallpapers/wallpaper.py.
CREATE TABLE wallpapers (
    id BIGINT NOT NULL PRIMARY KEY,
    owner_id BIGINT NOT NULL,
    slug VARCHAR(64) NOT NULL,
    document_id BIGINT NOT NULL,
    details {blob} NOT NULL
) {engine_suffix};
CREATE UNIQUE INDEX wallpapers_by_slug ON wallpapers (slug);
CREATE INDEX wallpapers_by_document ON wallpapers (document_id);
CREATE INDEX wallpapers_by_owner ON wallpapers (owner_id);

-- position: the highest is the newest. details: how the user wants it drawn.
CREATE TABLE account_wallpapers (
    user_id BIGINT NOT NULL,
    wallpaper_id BIGINT NOT NULL,
    position BIGINT NOT NULL,
    details {blob} NOT NULL,
    PRIMARY KEY (user_id, wallpaper_id)
) {clustered_suffix};
