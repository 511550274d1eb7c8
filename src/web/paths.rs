//! Links come from here. *Pure.*

/// The page of a one-time link.
pub(super) fn link(secret: &str) -> String {
    format!("/links/{secret}")
}
