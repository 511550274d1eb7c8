-- Accounts that people have at other testbeds. The key that opens the passwords is a file under the data folder.

CREATE TABLE credentials (
    user_id         INTEGER NOT NULL REFERENCES users(id) ON DELETE CASCADE,
    platform        TEXT NOT NULL CHECK (platform IN ('grid5000', 'iot-lab')),
    login           TEXT NOT NULL,
    sealed_password TEXT NOT NULL,
    set_at          INTEGER NOT NULL,
    PRIMARY KEY (user_id, platform)
) STRICT, WITHOUT ROWID;
