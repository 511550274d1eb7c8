//! Whole runs of `grow` on small disks of both kinds.

use super::super::run::Outcome;
use super::super::testing::{BOOT, Disk, MIB, ROOT, verb_at};
use crate::model::image::TableKind;
use crate::model::reservation::PartitionSize;
use crate::model::verb::{GrowArgs, GrowReport, Phase, Retry, Verb, VerbLine};
use std::os::unix::fs::FileExt;

const FILES: &[(&str, &str)] = &[("etc/hostname", "image\n"), ("data/large", "0123456789")];

fn args(disk: &Disk, size: PartitionSize) -> GrowArgs {
    GrowArgs { layout: disk.layout.clone(), size }
}

fn sector(disk: &Disk, number: u64) -> Vec<u8> {
    let mut bytes = vec![0; 512];
    std::fs::File::open(&disk.path).unwrap().read_exact_at(&mut bytes, number * 512).unwrap();
    bytes
}

fn partition_2_of_mbr(disk: &Disk) -> (u64, u64) {
    let sector = sector(disk, 0);
    let field = |at: usize| u64::from(u32::from_le_bytes(sector[at..at + 4].try_into().unwrap())) * 512;
    (field(446 + 16 + 8), field(446 + 16 + 12))
}

#[test]
fn the_root_partition_takes_the_whole_card() {
    let disk = Disk::new(TableKind::Mbr, &[("cmdline.txt", "root=x")], FILES);
    disk.set_card_size(200 * MIB + 700);
    let said = verb_at(Verb::Grow, &disk.path, &args(&disk, PartitionSize::Whole));
    let report: GrowReport = said.report();
    assert_eq!(report, GrowReport { partition_bytes: 195 * MIB, file_system_bytes: 195 * MIB });
    assert_eq!(partition_2_of_mbr(&disk), (ROOT.0, 195 * MIB));
    assert_eq!(sector(&disk, 0)[440..444], [0x91, 0x90, 0x63, 0x4e], "PARTUUID stays");
    assert_eq!(std::fs::metadata(&disk.path).unwrap().len(), 200 * MIB + 700, "the card keeps its size");
    disk.assert_clean();
    assert_eq!(disk.debugfs("cat /data/large"), "0123456789");
    assert_eq!(disk.boot_file("cmdline.txt").as_deref(), Some("root=x"));
    for wanted in [Phase::Table, Phase::CheckFileSystem, Phase::Resize] {
        let told = |line: &VerbLine| matches!(line, VerbLine::Progress { phase, done_bytes, total_bytes } if *phase == wanted && done_bytes == total_bytes);
        assert!(said.lines.iter().any(told), "{wanted:?}");
    }
    let before = std::fs::read(&disk.path).unwrap();
    let again: GrowReport = verb_at(Verb::Grow, &disk.path, &args(&disk, PartitionSize::Whole)).report();
    assert_eq!(again, report);
    let after = std::fs::read(&disk.path).unwrap();
    // e2fsck counts its runs in the superblock and its copies; nothing else changes.
    assert!(before.len() == after.len() && before[..ROOT.0 as usize] == after[..ROOT.0 as usize]);
    disk.assert_clean();
}

#[test]
fn a_little_growth_works_like_a_large_one() {
    let disk = Disk::new(TableKind::Mbr, &[], FILES);
    let report: GrowReport =
        verb_at(Verb::Grow, &disk.path, &args(&disk, PartitionSize::Bytes(18 * MIB))).report();
    assert_eq!(report, GrowReport { partition_bytes: 18 * MIB, file_system_bytes: 18 * MIB });
    assert_eq!(std::fs::metadata(&disk.path).unwrap().len(), 24 * MIB);
    disk.assert_clean();
    assert_eq!(disk.debugfs("cat /etc/hostname"), "image\n");
    let report: GrowReport = verb_at(Verb::Grow, &disk.path, &args(&disk, PartitionSize::Whole)).report();
    assert_eq!(report.partition_bytes, 19 * MIB);
    disk.assert_clean();
}

#[test]
fn a_guid_table_moves_its_backup_to_the_end() {
    let disk = Disk::new(TableKind::Gpt, &[("cmdline.txt", "root=x")], FILES);
    disk.set_card_size(100 * MIB);
    let report: GrowReport = verb_at(Verb::Grow, &disk.path, &args(&disk, PartitionSize::Whole)).report();
    assert_eq!(report, GrowReport { partition_bytes: 94 * MIB, file_system_bytes: 94 * MIB });
    let table = gpt::GptConfig::new().only_valid_headers(true).open(&disk.path).unwrap();
    assert_eq!(table.backup_header().unwrap().current_lba, 100 * MIB / 512 - 1);
    assert_eq!(table.primary_header().unwrap().last_usable, 100 * MIB / 512 - 34);
    let root = &table.partitions()[&2];
    assert_eq!((root.first_lba, root.last_lba), (ROOT.0 / 512, (ROOT.0 + 94 * MIB) / 512 - 1));
    let boot = &table.partitions()[&1];
    assert_eq!((boot.first_lba, boot.last_lba), (BOOT.0 / 512, (BOOT.0 + BOOT.1) / 512 - 1));
    let covered = u32::from_le_bytes(sector(&disk, 0)[458..462].try_into().unwrap());
    assert_eq!(u64::from(covered), 100 * MIB / 512 - 1);
    disk.assert_clean();
    let before = std::fs::read(&disk.path).unwrap();
    verb_at(Verb::Grow, &disk.path, &args(&disk, PartitionSize::Whole)).report::<GrowReport>();
    let after = std::fs::read(&disk.path).unwrap();
    assert!(before[..ROOT.0 as usize] == after[..ROOT.0 as usize]);
    assert!(before[(99 * MIB) as usize..] == after[(99 * MIB) as usize..]);
}

#[test]
fn a_torn_guid_table_is_read_from_its_backup() {
    let disk = Disk::new(TableKind::Gpt, &[], FILES);
    disk.set_card_size(100 * MIB);
    verb_at(Verb::Grow, &disk.path, &args(&disk, PartitionSize::Bytes(40 * MIB))).report::<GrowReport>();
    let file = std::fs::File::options().write(true).open(&disk.path).unwrap();
    file.write_all_at(&[0xff; 40], 512 + 60).unwrap();
    let report: GrowReport = verb_at(Verb::Grow, &disk.path, &args(&disk, PartitionSize::Whole)).report();
    assert_eq!(report.partition_bytes, 94 * MIB);
    let table = gpt::GptConfig::new().only_valid_headers(true).open(&disk.path).unwrap();
    assert_eq!(table.primary_header().unwrap().part_start, 2);
    assert_eq!(table.partitions()[&2].last_lba, (ROOT.0 + 94 * MIB) / 512 - 1);
    disk.assert_clean();
    file.write_all_at(&[0xff; 40], 512 + 60).unwrap();
    file.write_all_at(&[0xff; 40], 100 * MIB - 512 + 60).unwrap();
    let said = verb_at(Verb::Grow, &disk.path, &args(&disk, PartitionSize::Whole));
    assert!(said.problem().0.seen.contains("no good partition table"), "{said:?}");
}

#[test]
fn a_partition_behind_the_root_is_a_wall() {
    let disk = Disk::new(TableKind::Mbr, &[], FILES);
    disk.set_card_size(100 * MIB);
    let mut table = sector(&disk, 0);
    table[446 + 32 + 4] = 0x83;
    table[446 + 32 + 8..446 + 32 + 12].copy_from_slice(&((40 * MIB / 512) as u32).to_le_bytes());
    table[446 + 32 + 12..446 + 32 + 16].copy_from_slice(&2048u32.to_le_bytes());
    let file = std::fs::File::options().write(true).open(&disk.path).unwrap();
    file.write_all_at(&table, 0).unwrap();
    file.write_all_at(&[7; 4096], 40 * MIB).unwrap();
    let report: GrowReport = verb_at(Verb::Grow, &disk.path, &args(&disk, PartitionSize::Whole)).report();
    assert_eq!(report.partition_bytes, 35 * MIB);
    assert_eq!(sector(&disk, 40 * MIB / 512), [7; 512]);
    disk.assert_clean();
}

#[test]
fn sizes_that_do_not_fit_change_nothing() {
    let disk = Disk::new(TableKind::Mbr, &[], FILES);
    let before = std::fs::read(&disk.path).unwrap();
    let check = |size: PartitionSize, parts: [&str; 2]| {
        let said = verb_at(Verb::Grow, &disk.path, &args(&disk, size));
        assert_eq!(said.outcome, Outcome::Failed);
        let (problem, retry) = said.problem();
        assert!(parts.iter().all(|part| problem.to_string().contains(part)), "{problem}");
        assert_eq!(retry, Retry::Pointless);
    };
    check(PartitionSize::Bytes(8 * MIB), ["8388608 bytes was chosen", "16777216"]);
    check(PartitionSize::Bytes(200 * MIB), ["209715200 bytes was chosen", "room for 19922944 bytes"]);
    assert!(std::fs::read(&disk.path).unwrap() == before);
    let wiped = std::fs::File::options().write(true).open(&disk.path).unwrap();
    wiped.write_all_at(&[0; 512], 0).unwrap();
    check(PartitionSize::Whole, ["no good partition table", "55 AA"]);
}
