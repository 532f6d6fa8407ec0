-- What people ask bots from other chats, and what they answered: JSON, see domain/bots/inline_results.py. question is the
-- hash of what was asked; whoever asks the same gets the same until cached_until, if it is shared or was their own. Also
-- messages that a bot has prepared for somebody.
CREATE TABLE inline_queries (
    query_id BIGINT NOT NULL PRIMARY KEY,
    bot_id BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    question VARBINARY(16) NOT NULL,
    asked {blob} NOT NULL,
    is_shared BIGINT NOT NULL,
    cached_until BIGINT NOT NULL,
    kept_until BIGINT NOT NULL,
    answer {blob}
) {engine_suffix};

CREATE INDEX inline_queries_by_question ON inline_queries (bot_id, question);
CREATE INDEX inline_queries_by_age ON inline_queries (kept_until);
