//! Images: import, inspection, the chunk store, serving to nodes.
//!
//! *IO: files below the data folder's `images/`, `debugfs`, the database, HTTP.*
//!
//! ```text
//! FILE ─ unpack ─► disk ─ inspect ─► layout, family ─ used ─► extents ─ pieces, pack ─► chunks.zst, manifest.json
//!        container         table, fat, ext4, family            bitmaps      zstd, BLAKE3   boot/ (boot_files)
//!        decode, sparse    debugfs, boot_files                                                 │ staging: one rename
//!                                                                                              ▼ beside the row
//!                                                     node ◄─ HTTP, token, ranges ─ serve ◄─ images/<id>/
//! ```
//!
//! `importer` works off the rows of imports that people began on pages.
//!
//! Invariants: an environment's row exists if and only if its files are in place; an import that fails, is stopped
//! or killed leaves nothing; only blocks that a clean file system's own bitmap calls free are dropped inside file
//! systems; an image is given only to the deployment that installs it.

mod error;

mod container;
mod decode;
mod sparse;
mod unpack;

mod disk;
mod ext4;
mod extents;
mod fat;
mod table;

mod boot_files;
mod debugfs;
mod family;
mod inspect;

mod pack;
mod pieces;
mod used;

mod catalogue;
mod import;
mod importer;
mod staging;

mod range;
mod serve;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod tests;

pub use catalogue::{describe, list, remove, sweep};
pub use error::{Error, Result};
pub use import::{Imported, Progress, Request, USUAL_LIMIT_BYTES, import, import_as, read_manifest};
pub use importer::Importer;
pub use serve::router;
