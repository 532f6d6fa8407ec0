-- What one of several processes does for all: who does it, and until when (milliseconds since 1970) unless it says so
-- again before. An end in the past: nobody does.
CREATE TABLE work_leases (
    name VARCHAR(64) NOT NULL PRIMARY KEY,
    holder VARCHAR(191) NOT NULL,
    until_at BIGINT NOT NULL
) {clustered_suffix};
