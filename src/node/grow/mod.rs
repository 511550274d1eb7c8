//! `grow`: the root partition takes the whole card or a chosen size, and its file system with it.
//! *IO: the card, e2fsck, resize2fs.*
//!
//! The table is edited first; a run that was interrupted anywhere is repeated from the start and finds done what
//! is done. A partition behind the root partition is a wall that is not moved.

mod gpt;
mod mbr;
mod resize;
mod size;
mod table;

use super::card::Card;
use super::report::Reporter;
use super::stop::Stop;
use crate::model::image::FileSystem;
use crate::model::verb::{GrowArgs, GrowReport, Phase};
use table::Table;

/// Grows the root partition and its file system.
pub(crate) fn grow(card: &Card, args: &GrowArgs, reporter: &mut Reporter<'_>) -> Result<GrowReport, Stop> {
    let layout = &args.layout;
    let root = layout.partition(layout.root).ok_or_else(|| {
        Stop::argument("layout.root", format!("partition {}", layout.root), "one of the layout's partitions")
    })?;
    let table = Table::read(card, layout.table)?;
    let slot = table.slot(root)?;
    let is_ext4 = root.file_system == FileSystem::Ext4;
    let used = if is_ext4 { resize::file_system_bytes(card, root.start_bytes)? } else { slot.size_bytes };
    let partition_bytes = size::choose(&slot, used, args.size)?;

    reporter.progress(Phase::Table, 0, partition_bytes)?;
    table.resize(card, root.number, partition_bytes)?;
    card.flush()?;
    reporter.progress(Phase::Table, partition_bytes, partition_bytes)?;

    // Only ext4 grows; whatever else is there keeps its size inside its larger partition.
    let file_system_bytes =
        if is_ext4 { resize::grow(card, root.start_bytes, partition_bytes, reporter)? } else { used };
    card.flush()?;
    Ok(GrowReport { partition_bytes, file_system_bytes })
}

#[cfg(test)]
mod tests;
