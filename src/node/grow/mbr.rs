//! Master boot records. *Pure.*
//!
//! The disk's identity (bytes 440 to 443) stays, so that `PARTUUID=` in the image's own files stays right.

use super::table::{Entry, number, set_number};

const TABLE: usize = 446;
const ENTRY: usize = 16;

/// The first sector of a disk.
pub(super) struct Mbr {
    sector: Vec<u8>,
}

impl Mbr {
    /// Reads a first sector.
    pub(super) fn decode(sector: &[u8]) -> Result<Self, String> {
        if sector.len() != 512 || number(sector, 510, 2) != 0xaa55 {
            return Err("the first sector does not end in 55 AA".to_owned());
        }
        Ok(Self { sector: sector.to_vec() })
    }

    /// The used primary entries.
    pub(super) fn entries(&self) -> Vec<Entry> {
        let entry = |index: usize| {
            let at = TABLE + index * ENTRY;
            let used = number(&self.sector, at + 4, 1) != 0 && number(&self.sector, at + 12, 4) != 0;
            used.then(|| Entry {
                number: u32::try_from(index + 1).unwrap_or_default(),
                first: number(&self.sector, at + 8, 4),
                count: number(&self.sector, at + 12, 4),
            })
        };
        (0..4).filter_map(entry).collect()
    }

    /// The sector after the last that can be named: the table counts in 32 bits.
    pub(super) fn usable_sectors(&self, sectors: u64) -> u64 {
        sectors.min(u64::from(u32::MAX))
    }

    /// Gives an entry another size; what is to be written, by offset in bytes.
    pub(super) fn resize(&mut self, entry: u32, count: u64) -> Vec<(u64, Vec<u8>)> {
        let at = TABLE + ENTRY * (entry.saturating_sub(1) as usize);
        set_number(&mut self.sector, at + 12, 4, count);
        // Cylinder, head and sector of the end: "beyond what this can say". Nothing reads it any more.
        set_number(&mut self.sector, at + 5, 3, 0xff_ff_fe);
        vec![(0, self.sector.clone())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_entry_changes_and_nothing_else() {
        let mut sector = vec![0x5a_u8; 512];
        sector[TABLE..].fill(0);
        set_number(&mut sector, 510, 2, 0xaa55);
        for (index, (kind, first, count)) in [(0x0c, 8192, 1000), (0x83, 9192, 2000)].into_iter().enumerate()
        {
            set_number(&mut sector, TABLE + ENTRY * index + 4, 1, kind);
            set_number(&mut sector, TABLE + ENTRY * index + 8, 4, first);
            set_number(&mut sector, TABLE + ENTRY * index + 12, 4, count);
        }
        let mut mbr = Mbr::decode(&sector).unwrap();
        let root = Entry { number: 2, first: 9192, count: 2000 };
        assert_eq!(mbr.entries(), [Entry { number: 1, first: 8192, count: 1000 }, root]);
        let writes = mbr.resize(2, 5000);
        assert_eq!(mbr.entries()[1], Entry { count: 5000, ..root });
        let changed: Vec<usize> = (0..512).filter(|at| sector[*at] != writes[0].1[*at]).collect();
        assert!(changed.iter().all(|at| (462..478).contains(at)), "{changed:?}");
        assert!(Mbr::decode(&[0; 512]).is_err());
    }
}
