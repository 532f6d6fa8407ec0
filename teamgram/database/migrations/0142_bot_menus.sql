-- The menu button that a bot shows to one person, in the place of the one for everybody. JSON, see domain/bots/bot.py.
CREATE TABLE bot_menus (
    bot_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    button {blob} NOT NULL,
    PRIMARY KEY (bot_id, user_id)
) {clustered_suffix};
