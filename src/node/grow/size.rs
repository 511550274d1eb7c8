//! How large a partition becomes. *Pure.*

use super::table::Slot;
use crate::model::reservation::PartitionSize;
use crate::node::stop::Stop;

/// Partitions end on this boundary where they can.
const ALIGNMENT: u64 = 1 << 20;

/// The new size of the partition in `slot` whose file system has `used` bytes.
pub(super) fn choose(slot: &Slot, used: u64, wanted: PartitionSize) -> Result<u64, Stop> {
    let room = slot.limit_bytes.saturating_sub(slot.start_bytes);
    match wanted {
        // A last odd piece of less than the boundary is kept if the partition has it already.
        PartitionSize::Whole => {
            let end = slot.limit_bytes / ALIGNMENT * ALIGNMENT;
            Ok(end.saturating_sub(slot.start_bytes).max(slot.size_bytes.min(room)))
        }
        PartitionSize::Bytes(bytes) if bytes > room => Err(Stop::pointless(
            format!("a root partition of {bytes} bytes was chosen, but the card has room for {room} bytes"),
            format!("at most {room} bytes"),
            "Choose a smaller size or the whole card, or put a larger card in.",
        )),
        PartitionSize::Bytes(bytes) if bytes < used => Err(Stop::pointless(
            format!("a root partition of {bytes} bytes was chosen, but its file system has {used} bytes"),
            format!("at least {used} bytes"),
            "Choose a larger size or the whole card.",
        )),
        PartitionSize::Bytes(bytes) => Ok(bytes.next_multiple_of(ALIGNMENT).min(room) / 4096 * 4096),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_stay_between_the_file_system_and_the_room() {
        let slot = Slot { start_bytes: 4 << 20, size_bytes: 8 << 20, limit_bytes: (64 << 20) + 700 };
        let check = |wanted, expect: u64| assert_eq!(choose(&slot, 8 << 20, wanted).unwrap(), expect);
        check(PartitionSize::Whole, 60 << 20);
        check(PartitionSize::Bytes(8 << 20), 8 << 20);
        check(PartitionSize::Bytes((20 << 20) + 1), 21 << 20);
        check(PartitionSize::Bytes((60 << 20) + 600), 60 << 20);
        let fails = |bytes: u64, part: &str| match choose(&slot, 8 << 20, PartitionSize::Bytes(bytes)) {
            Err(Stop::Failed { problem, .. }) => assert!(problem.to_string().contains(part), "{problem}"),
            other => panic!("{other:?}"),
        };
        fails(4 << 20, "4194304 bytes was chosen, but its file system has 8388608");
        fails(1 << 40, "room for 62915260 bytes");
        let odd = Slot { start_bytes: 512, size_bytes: 1024, limit_bytes: 2000 };
        assert_eq!(choose(&odd, 1024, PartitionSize::Whole).unwrap(), 1024);
    }
}
