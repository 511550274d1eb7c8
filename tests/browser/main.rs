//! People at their browsers: the demonstration rack in headless Chromium, driven as a hand would.
//!
//! Each test has a rack, a driver and windows of its own. What a window shows at the stations of the way is kept under
//! `target/screenshots`; `scripts/pictures` makes the pictures of the README from there.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that cannot go on fails there"
)]

mod accessible;
mod admin;
mod booking;
mod deploying;
#[path = "../it/demo/program.rs"]
#[expect(dead_code, reason = "shared with the tests that need no browser")]
mod program;
mod signing_up;
mod small;
mod window;
