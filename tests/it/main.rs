//! The integration tests: one binary, a module per subject.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails there")]

mod agent;
mod api;
mod dhcp_netns;
mod test_app;
mod tidy;
