//! Forms: from what a person typed to a wish, or to an error beside each field that is wrong.
//!
//! *Pure.* One file per resource.

pub(super) mod partition_size;
