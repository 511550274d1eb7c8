//! The verbs that run on a node: `pimaster node VERB [--card PATH]`.
//!
//! The daemon's words come in and go out as [`crate::model::verb`] says; [`run`] is the one door. Cards are
//! edited in user space without mounting anything, so that the same code works on `/dev/mmcblk0` as root and
//! on a plain file without root.
//!
//! ```text
//! run ── probe
//!     ├─ write_image   fetch ─► unpack ─► write ─► flush (journal) ─► check ─► first chunk
//!     ├─ grow          partition table (MBR, GPT) ─► e2fsck ─► resize2fs
//!     ├─ customise     planners (pure) ─► FAT by fatfs, ext4 by debugfs
//!     ├─ wipe          discard, or zeroes
//!     └─ finish        flush ─► restart
//! overlay_init         process 1 of the installer: a RAM overlay over the read-only root
//! ```

pub mod card;

mod card_find;
mod card_wait;
mod discard;
mod fsck;
mod report;
mod stop;
mod tool;
mod window;

mod boot_order;
mod customise;
mod finish;
mod grow;
mod overlay_init;
mod probe;
mod run;
mod wipe;
mod write_image;

pub use card::{Card, Medium};
pub use overlay_init::overlay_init;
pub use run::{Outcome, run, run_on};

#[cfg(test)]
mod testing;

#[cfg(test)]
mod tests;
