//! The reader of ext4 bitmaps against `dumpe2fs`, over the features that change where things lie.

use crate::image::ext4::{Ext4, Free};
use crate::image::extents::Extents;
use crate::image::fixture::run;
use std::fs::File;
use std::path::Path;

/// The free blocks that dumpe2fs lists, as bytes.
fn by_dumpe2fs(disk: &Path) -> Extents {
    let text = String::from_utf8(run("dumpe2fs", &[disk.to_str().unwrap()]).stdout).unwrap();
    let number = |name: &str| -> Option<u64> {
        text.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim().parse().unwrap())
    };
    let block = number("Block size:").unwrap();
    // With bigalloc a range ends with the first block of its last cluster.
    let last_blocks = number("Cluster size:").unwrap_or(block) / block;
    let lists = text.lines().filter_map(|line| line.trim().strip_prefix("Free blocks:"));
    let ranges = lists.flat_map(|list| list.split(',')).filter_map(|range| {
        let range = range.trim();
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(first.parse::<u64>().ok()? * block..(last.parse::<u64>().ok()? + last_blocks) * block)
    });
    Extents::of(ranges)
}

fn check(mib: u64, options: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    let tree = folder.path().join("tree");
    std::fs::create_dir(&tree).unwrap();
    std::fs::write(tree.join("file"), vec![7; 900_000]).unwrap();
    let size = format!("{mib}m");
    let mut args = vec!["-q", "-F", "-d", tree.to_str().unwrap()];
    args.extend(options);
    args.extend([disk.to_str().unwrap(), &size]);
    run("mke2fs", &args);
    let file = File::open(&disk).unwrap();
    let ext4 = Ext4::read(&file, 0).unwrap().unwrap();
    let found = ext4.free(&file, 0).unwrap_or_else(|error| panic!("{options:?}: {error}, {ext4:?}"));
    let Free::Known(free) = found else { panic!("{options:?}: not trusted") };
    let expect = by_dumpe2fs(&disk);
    assert!(expect.total() > mib * 1024 * 1024 / 3, "{options:?}: dumpe2fs lists {}", expect.total());
    assert_eq!(free.without(&expect), Extents::default(), "{options:?}: called free, but used");
    assert_eq!(expect.without(&free), Extents::default(), "{options:?}: called used, but free");
}

#[test]
fn free_blocks_are_those_of_dumpe2fs() {
    check(400, &["-t", "ext4"]);
    check(400, &["-t", "ext4", "-O", "^64bit,^metadata_csum,uninit_bg"]);
    check(90, &["-t", "ext4", "-b", "1024"]);
    check(90, &["-t", "ext4", "-b", "1024", "-O", "^flex_bg"]);
    check(90, &["-t", "ext4", "-b", "1024", "-O", "^resize_inode,meta_bg"]);
    check(400, &["-t", "ext4", "-O", "^resize_inode,meta_bg,^flex_bg"]);
    check(90, &["-t", "ext4", "-b", "1024", "-O", "sparse_super2"]);
    check(90, &["-t", "ext4", "-b", "1024", "-O", "^sparse_super,^resize_inode"]);
    check(90, &["-t", "ext2", "-b", "2048"]);
    check(90, &["-t", "ext3"]);
    check(400, &["-t", "ext4", "-O", "bigalloc", "-C", "65536"]);
}

#[test]
fn what_is_no_super_block_is_none() {
    assert_eq!(Ext4::parse(&[]), None);
    assert_eq!(Ext4::parse(&[0xff; 1024]), None);
    let mut zero = [0u8; 1024];
    zero[0x38..0x3a].copy_from_slice(&0xef53u16.to_le_bytes());
    assert_eq!(Ext4::parse(&zero), None);
}

#[test]
fn bitmaps_that_contradict_the_counters_are_not_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk");
    run("mke2fs", &["-q", "-F", "-t", "ext4", "-b", "1024", disk.to_str().unwrap(), "16m"]);
    run("debugfs", &["-w", "-R", "freeb 5000", disk.to_str().unwrap()]);
    let path = disk.to_str().unwrap();
    run("debugfs", &["-w", "-R", "set_bg 0 free_blocks_count 77", path]);
    let file = File::open(&disk).unwrap();
    let ext4 = Ext4::read(&file, 0).unwrap().unwrap();
    assert!(matches!(ext4.free(&file, 0).unwrap(), Free::Unknown(_)));
}
