//! What e2fsck's exit status means (e2fsck(8)). Called by `grow` and `customise`. *Pure.*

use super::stop::Stop;
use super::tool;
use std::process::Output;

/// Clean, repaired, or repaired and in want of a restart if it was mounted: all good here.
pub(crate) fn judge(output: &Output) -> Result<(), Stop> {
    if matches!(output.status.code(), Some(0..=2)) {
        return Ok(());
    }
    Err(Stop::pointless(
        format!("the root file system is damaged beyond safe repair: {}", tool::said(output)),
        "a file system that `e2fsck -p` accepts",
        "Deploy again, for the power may have failed while it was changed; if that does not help, check the image's root partition with e2fsck where it was made, and import it again.",
    ))
}
