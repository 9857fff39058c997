-- Publishers that the house trusts, by the SHA-1 of the certificate that they sign with.

CREATE TABLE file_publishers (
    sha1 TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    reason TEXT NOT NULL,
    owner TEXT NOT NULL,
    added INTEGER NOT NULL
);
