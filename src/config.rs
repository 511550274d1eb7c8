//! `pimaster.toml` to a validated `Config`; collects every problem with its key path.
