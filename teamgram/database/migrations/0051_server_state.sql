-- Numbers about the server as a whole, by name: "alive_at", unix seconds of the last time it found its database there.
CREATE TABLE server_state (
    name VARCHAR(64) NOT NULL PRIMARY KEY,
    value BIGINT NOT NULL
) {clustered_suffix};
