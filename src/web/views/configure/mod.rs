//! The page on which is said what shall be put on a reservation's nodes. *Pure.*
//!
//! ```text
//! page: until when it is held · templates · environment · size · access · at the end · single nodes · save as
//! ```

mod access;
mod choice;
mod environments;
mod nodes;
mod page;
mod script;
mod templates;

pub(super) use access::key_line;
pub(in crate::web) use choice::{Choice, choice};
pub(in crate::web) use page::{Page, page};
