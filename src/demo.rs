//! The demonstration rack: a daemon and a simulated rack on loopback.
