-- Which messages of a channel's box answer which: thread_id is the first message of a thread, or of a topic (in_topic).
-- What lies in no topic of a forum is General's and has no row for it.
CREATE TABLE message_threads (
    owner_id BIGINT NOT NULL,
    thread_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    in_topic SMALLINT NOT NULL,
    PRIMARY KEY (owner_id, thread_id, id)
) {clustered_suffix};
CREATE INDEX message_threads_by_message ON message_threads (owner_id, id, in_topic);

-- How many answers each has, and the newest of them that there ever was.
CREATE TABLE thread_counts (
    owner_id BIGINT NOT NULL,
    thread_id BIGINT NOT NULL,
    replies BIGINT NOT NULL,
    last_id BIGINT NOT NULL,
    PRIMARY KEY (owner_id, thread_id)
) {clustered_suffix};

-- Topics of forums. id: of the message that says that it was begun; 1 is General, which every forum has.
-- pinned_order: 0 for what is not pinned, the largest is first.
CREATE TABLE forum_topics (
    channel_id BIGINT NOT NULL,
    id BIGINT NOT NULL,
    creator_id BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    title VARCHAR(512) NOT NULL,
    icon_color BIGINT NOT NULL,
    icon_emoji_id BIGINT NOT NULL,
    closed SMALLINT NOT NULL DEFAULT 0,
    hidden SMALLINT NOT NULL DEFAULT 0,
    pinned_order BIGINT NOT NULL DEFAULT 0,
    top_message_id BIGINT NOT NULL,
    PRIMARY KEY (channel_id, id)
) {clustered_suffix};
CREATE INDEX forum_topics_by_news ON forum_topics (channel_id, pinned_order, top_message_id);

-- How far somebody has read in a topic or thread; where there is no row, as far as in the channel.
CREATE TABLE thread_reads (
    user_id BIGINT NOT NULL,
    owner_id BIGINT NOT NULL,
    thread_id BIGINT NOT NULL,
    read_inbox_max_id BIGINT NOT NULL,
    PRIMARY KEY (user_id, owner_id, thread_id)
) {clustered_suffix};
