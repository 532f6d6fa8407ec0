-- What happened around a bot that is no message and that its inbox has not taken yet.
CREATE TABLE bot_news (
    id {bigint_pk_auto},
    bot_id BIGINT NOT NULL,
    came_at BIGINT NOT NULL,
    payload {blob} NOT NULL
) {engine_suffix};
CREATE INDEX bot_news_by_bot ON bot_news (bot_id, id);
