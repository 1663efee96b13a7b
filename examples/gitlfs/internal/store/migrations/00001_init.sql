-- One text for PostgreSQL and SQLite: BIGINT, TEXT and nothing else. Times are
-- microseconds since 1970, in UTC.

-- +goose Up
CREATE TABLE repositories (
    id        TEXT PRIMARY KEY,          -- random; a repository made again under its name has another
    name      TEXT NOT NULL UNIQUE,      -- owner/repo
    bytes     BIGINT NOT NULL DEFAULT 0, -- the sum of the sizes of its references
    quota     BIGINT,                    -- NULL means the server's
    last_lock BIGINT NOT NULL DEFAULT 0, -- the id of the lock made last
    created   BIGINT NOT NULL
);

-- Content, once per OID. Its S3 key is never used again.
CREATE TABLE objects (
    oid        TEXT PRIMARY KEY,
    size       BIGINT NOT NULL,
    s3_key     TEXT NOT NULL UNIQUE,
    state      TEXT NOT NULL,    -- ok; suspect: did not match; lost: not in S3; deleting: by gc
    generation BIGINT NOT NULL,  -- counts the references made; gc deletes what it has seen unchanged
    touched    BIGINT NOT NULL
);

-- Who has the content.
CREATE TABLE refs (
    repository TEXT NOT NULL REFERENCES repositories (id),
    oid        TEXT NOT NULL REFERENCES objects (oid),
    created    BIGINT NOT NULL,
    PRIMARY KEY (repository, oid)
);
CREATE INDEX refs_by_oid ON refs (oid);

CREATE TABLE locks (
    repository TEXT NOT NULL REFERENCES repositories (id),
    id         BIGINT NOT NULL, -- grows within the repository, in the order of commits
    path       TEXT NOT NULL,
    owner      TEXT NOT NULL,
    locked_at  BIGINT NOT NULL,
    nonce      TEXT NOT NULL,   -- of the request that made it: a repeated one finds its own lock
    PRIMARY KEY (repository, id),
    UNIQUE (repository, path)
);

CREATE TABLE users (
    name   TEXT PRIMARY KEY,
    bcrypt TEXT NOT NULL
);

CREATE TABLE tokens (
    sha256    TEXT PRIMARY KEY, -- of the token, in hexadecimal
    name      TEXT NOT NULL,    -- for people
    user_name TEXT NOT NULL REFERENCES users (name),
    most      TEXT NOT NULL,    -- the most that it gives: read, write or admin
    expires   BIGINT NOT NULL   -- 0 means never
);

CREATE TABLE grants (
    user_name TEXT NOT NULL,  -- '' means everybody, without credentials too
    pattern   TEXT NOT NULL,  -- owner/repo, owner/* or *
    access    TEXT NOT NULL,  -- read, write or admin
    PRIMARY KEY (user_name, pattern)
);

-- +goose Down
DROP TABLE grants;
DROP TABLE tokens;
DROP TABLE users;
DROP TABLE locks;
DROP TABLE refs;
DROP TABLE objects;
DROP TABLE repositories;
