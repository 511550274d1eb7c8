//! Tracing: set-up, names of spans and fields.
