//! Builds, starts and drains the whole: the only file that knows every subsystem.
