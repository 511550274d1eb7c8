//! Files that are no image pimaster can deploy: what was seen, what was expected, what to do, and nothing left.

use super::*;
use crate::image::fixture::{BOOT, MIB, ROOT, mbr};

async fn check(content: &[u8], parts: &[&str]) {
    let bench = Bench::new();
    let file = bench.path("x.img");
    fs::write(&file, content).unwrap();
    assert_says(&bench.refusal(&file).await, parts);
}

#[tokio::test]
async fn files_that_are_no_disks() {
    check(b"", &["it is empty"]).await;
    check(b"hello world", &["hello world"]).await;
    check(b"<!doctype html><title>404</title>", &["web page"]).await;
    check(b"BZh91AY&SY", &["bzip2"]).await;
    check(&vec![0; 1 << 20], &["begins with"]).await;
    check(&vec![0xff; 1 << 20], &["begins with"]).await;
}

#[tokio::test]
async fn a_folder_and_a_missing_file_are_named() {
    let bench = Bench::new();
    assert_says(&bench.refusal(bench.folder.path()).await, &["no ordinary file"]);
    let text = bench.refusal(&bench.path("none.img")).await;
    assert!(text.contains("none.img"), "{text}");
}

#[tokio::test]
async fn truncated_disks() {
    let bench = Bench::new();
    let bytes = fs::read(bench.image()).unwrap();
    for size in
        [512, 700, BOOT.0 as usize, ROOT.0 as usize, ROOT.0 as usize + 5000, (ROOT.0 + ROOT.1) as usize - 1]
    {
        let file = bench.path("short.img");
        fs::write(&file, &bytes[..size]).unwrap();
        let error = bench.import(&file).await.unwrap_err();
        assert!(matches!(error, Error::Truncated(_)), "{size}: {error}");
        assert_says(&error.to_string(), &["again"]);
        bench.assert_nothing_left().await;
    }
    // The gap after the last partition may be missing.
    let file = bench.path("short.img");
    fs::write(&file, &bytes[..(ROOT.0 + ROOT.1) as usize]).unwrap();
    bench.import(&file).await.unwrap();
}

#[tokio::test]
async fn a_gpt_without_its_end_or_with_a_wrong_checksum() {
    let bench = Bench::new();
    let mut bytes = fs::read(Recipe { gpt: true, ..Recipe::default() }.make(bench.folder.path())).unwrap();
    let file = bench.path("short.img");
    fs::write(&file, &bytes[..bytes.len() - 4096]).unwrap();
    assert_says(&bench.refusal(&file).await, &["backup of the GUID"]);
    bytes[1024 + 40] ^= 1;
    fs::write(&file, &bytes).unwrap();
    assert_says(&bench.refusal(&file).await, &["array of entries"]);
    bytes[512 + 60] ^= 1;
    fs::write(&file, &bytes).unwrap();
    assert_says(&bench.refusal(&file).await, &["header"]);
}

#[tokio::test]
async fn disks_without_what_is_needed() {
    let bench = Bench::new();
    let bytes = fs::read(bench.image()).unwrap();
    let mut blank = bytes.clone();
    blank[ROOT.0 as usize..][..(MIB as usize)].fill(0);
    check(&blank, &["no ext4 root partition", "1: FAT, 2: something else"]).await;
    let mut blank = bytes.clone();
    blank[BOOT.0 as usize..][..512].fill(0);
    check(&blank, &["no FAT boot partition"]).await;
    let mut empty = vec![0; bytes.len()];
    empty[..512].copy_from_slice(&mbr());
    check(&empty, &["no FAT boot partition"]).await;
    let mut crossed = bytes.clone();
    let start = u32::try_from(BOOT.0 / 512 + 8).unwrap();
    crossed[462 + 8..462 + 12].copy_from_slice(&start.to_le_bytes());
    check(&crossed, &["starts inside another"]).await;
    let mut small = bytes;
    small[462 + 12..462 + 16].copy_from_slice(&4096u32.to_le_bytes());
    check(&small, &["partition 2 has 16 MB, its partition 2.0 MB"]).await;
}

#[tokio::test]
async fn systems_that_cannot_be_customised() {
    let check = async |files: Vec<(&'static str, Vec<u8>)>, parts: &[&str]| {
        let bench = Bench::new();
        let image = Recipe { root_files: files, ..Recipe::default() }.make(bench.folder.path());
        assert_says(&bench.refusal(&image).await, parts);
    };
    check(vec![("etc/os-release", b"ID=fedora\n".to_vec())], &["ID=fedora"]).await;
    check(vec![("home/x", b"".to_vec())], &["neither /etc/os-release nor a tce"]).await;
    check(vec![("tce/onboot.lst", b"".to_vec())], &["tce folder but no core"]).await;
}

#[tokio::test]
async fn noise_over_a_good_disk_never_panics() {
    let bench = Bench::new();
    let bytes = fs::read(bench.image()).unwrap();
    let file = bench.path("noisy.img");
    let start = |(start, _): (u64, u64)| start as usize;
    for round in 0..24u64 {
        let mut noisy = bytes.clone();
        for (index, value) in (0u64..).zip(crate::image::fixture::noise(12, round)) {
            let area = [0, start(BOOT), start(BOOT) + 512, start(ROOT) + 1024, start(ROOT) + 2048]
                [index as usize % 5];
            let at = area
                + crate::image::fixture::noise(2, round * 100 + index)
                    .iter()
                    .map(|byte| *byte as usize)
                    .sum::<usize>();
            noisy[at] = value;
        }
        fs::write(&file, noisy).unwrap();
        let outcome = bench.import_as(&file, &format!("round-{round}")).await;
        assert!(!matches!(outcome, Err(Error::Broken)), "round {round} broke the thread");
    }
}
