//! What comes out of an import, and what a card written from it is.

use super::*;
use crate::image::fixture::{DISK_BYTES, MIB, RASPIOS, ROOT, noise, root_of, run};
use crate::image::{Progress, describe, list, remove, sweep};
use crate::model::chip::Chip;
use crate::model::environment::OsFamily;
use crate::model::image::{FileSystem, Manifest, TableKind};
use std::sync::{Arc, Mutex};

/// A file of the root file system, as debugfs reads it.
fn cat(disk: &Path, path: &str) -> Vec<u8> {
    run("debugfs", &["-R", &format!("cat {path}"), &root_of(disk)]).stdout
}

#[tokio::test]
async fn a_card_full_of_garbage_becomes_the_image() {
    let bench = Bench::new();
    let image = bench.image();
    let imported = bench.import(&image).await.unwrap();
    let environment = &imported.environment;
    assert_eq!(environment.family, OsFamily::RaspberryPiOs);
    assert_eq!(environment.description, "Raspbian GNU/Linux 12 (bookworm)");
    assert_eq!(environment.ssh_user, "root");
    assert_eq!(
        (environment.layout.table, environment.layout.boot, environment.layout.root),
        (TableKind::Mbr, 1, 2)
    );
    let kinds: Vec<_> = environment.layout.partitions.iter().map(|partition| partition.file_system).collect();
    assert_eq!(kinds, [FileSystem::Fat, FileSystem::Ext4]);
    assert_eq!(environment.disk_bytes, DISK_BYTES);
    let manifest = read_manifest(&bench.data, environment.id).unwrap();
    assert_eq!((manifest.digest, manifest.used_bytes), (environment.digest, environment.used_bytes));
    assert_eq!(Manifest::digest_of(&manifest.chunks), manifest.digest);
    assert_eq!(imported.notes, Vec::<String>::new());

    let card = bench.rebuild(environment.id);
    run("e2fsck", &["-fn", &root_of(&card)]);
    assert_eq!(cat(&card, "/usr/bin/big"), noise(1_500_000, 3));
    assert_eq!(cat(&card, "/var/zeroes"), vec![0; 400_000], "zeroes in use are written");
    let disk = fs::File::open(&card).unwrap();
    let boot = environment.layout.partition(1).unwrap();
    let window = crate::image::disk::Window::new(&disk, boot.start_bytes, boot.size_bytes);
    let volume = fatfs::FileSystem::new(window, fatfs::FsOptions::new()).unwrap();
    let mut kernel = Vec::new();
    std::io::Read::read_to_end(&mut volume.root_dir().open_file("kernel8.img").unwrap(), &mut kernel)
        .unwrap();
    assert_eq!(kernel, noise(300_000, 1));
}

#[tokio::test]
async fn boot_files_are_copied_out() {
    let bench = Bench::new();
    let imported = bench.import(&bench.image()).await.unwrap();
    let boot = bench.data.image_boot(imported.environment.id);
    assert_eq!(fs::read(boot.join("config.txt")).unwrap(), b"arm_64bit=1\n");
    assert_eq!(fs::read(boot.join("kernel8.img")).unwrap(), noise(300_000, 1));
    assert_eq!(fs::read(boot.join("overlays/disable-bt.dtbo")).unwrap(), noise(900, 2));
}

#[tokio::test]
async fn where_it_boots_is_kept() {
    let check = async |more: &[&'static str], expect: Option<Vec<Chip>>| {
        let bench = Bench::new();
        let mut recipe = Recipe::default();
        recipe.boot_files.extend(more.iter().map(|name| (*name, noise(500, 4))));
        let imported = bench.import(&recipe.make(bench.folder.path())).await.unwrap();
        assert_eq!(imported.environment.boots_on, expect, "{more:?}");
    };
    check(&[], None).await;
    check(
        &["START4.ELF", "bcm2711-rpi-4-b.dtb", "current/bcm2712-rpi-5-b.dtb"],
        Some(vec![Chip::Bcm2711, Chip::Bcm2712]),
    )
    .await;
}

#[tokio::test]
async fn blocks_nobody_uses_are_not_stored() {
    let bench = Bench::new();
    let secret = noise(3_000_000, 9);
    let mut recipe = Recipe::default();
    recipe.root_files.push(("home/secret", secret.clone()));
    let image = recipe.make(bench.folder.path());
    let has_secret = |disk: &Path| {
        let bytes = fs::read(disk).unwrap();
        secret
            .chunks_exact(4096)
            .filter(|block| bytes.chunks_exact(512).any(|at| at == &block[..512]))
            .count()
    };
    assert_eq!(has_secret(&image), 732);
    run("debugfs", &["-w", "-R", "rm /home/secret", &root_of(&image)]);
    assert_eq!(has_secret(&image), 732, "the blocks of the removed file are still on the disk");
    let imported = bench.import(&image).await.unwrap();
    assert!(imported.environment.used_bytes < 7 * MIB, "{}", imported.environment.used_bytes);
    assert!(imported.environment.stored_bytes < 2_500_000, "{}", imported.environment.stored_bytes);
    let card = bench.rebuild(imported.environment.id);
    assert_eq!(has_secret(&card), 0);
    run("e2fsck", &["-fn", &root_of(&card)]);
}

#[tokio::test]
async fn a_file_system_that_was_not_unmounted_is_stored_whole() {
    let bench = Bench::new();
    let image = bench.image();
    run("debugfs", &["-w", "-R", "ssv state 0", &root_of(&image)]);
    let imported = bench.import(&image).await.unwrap();
    assert!(imported.notes[0].contains("partition 2 is stored whole"), "{:?}", imported.notes);
    assert!(imported.environment.used_bytes > ROOT.1);
    let card = bench.rebuild(imported.environment.id);
    assert_eq!(cat(&card, "/usr/bin/big"), noise(1_500_000, 3));
}

#[tokio::test]
async fn an_image_that_would_fill_the_data_folder_is_refused() {
    use crate::image::{extents::Extents, pack, sparse::Bounds};
    let folder = tempfile::tempdir().unwrap();
    let disk = noise(3_000_000, 4);
    let never = CancellationToken::new();
    let bounds = Bounds { disk_bytes: 4_000_000, stored_bytes: 2_000_000 };
    let watch = pack::Watch { bounds, progress: &|_, _| (), cancel: &never };
    let used = Extents::one(0..3_000_000);
    let error = pack::pack(&disk, 3_000_000, &used, &folder.path().join("chunks"), &watch).unwrap_err();
    assert_says(&error.to_string(), &["packs to more than 2.0 MB"]);
}

#[tokio::test]
async fn gpt_images_keep_both_tables() {
    let bench = Bench::new();
    let image = Recipe { gpt: true, ..Recipe::default() }.make(bench.folder.path());
    let imported = bench.import(&image).await.unwrap();
    assert_eq!(imported.environment.layout.table, TableKind::Gpt);
    let card = bench.rebuild(imported.environment.id);
    run("e2fsck", &["-fn", &root_of(&card)]);
    let disk = gpt::GptConfig::new().open(&card).unwrap();
    assert_eq!(disk.partitions().len(), 2);
    let (before, after) = (fs::read(&image).unwrap(), fs::read(&card).unwrap());
    let tail = before.len() - 33 * 512;
    assert!(before[..34 * 512] == after[..34 * 512] && before[tail..] == after[tail..]);
}

#[tokio::test]
async fn families_are_found_by_looking_inside() {
    let core = {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut gzip, &[b"070701".as_slice(), &[b'0'; 200]].concat()).unwrap();
        gzip.finish().unwrap()
    };
    let debian = "ID=debian\nPRETTY_NAME=\"Debian GNU/Linux 12\"\n";
    let check = async |change: &dyn Fn(&mut Recipe), family, user| {
        let bench = Bench::new();
        let mut recipe = Recipe::default();
        change(&mut recipe);
        let image = recipe.make(bench.folder.path());
        let environment = bench.import(&image).await.unwrap().environment;
        assert_eq!((environment.family, environment.ssh_user.as_str()), (family, user));
    };
    let release =
        |recipe: &mut Recipe, text: &str| recipe.root_files[0] = ("usr/lib/os-release", text.into());
    check(&|recipe| release(recipe, debian), OsFamily::Debian, "root").await;
    check(
        &|recipe| {
            release(recipe, debian);
            recipe.root_files.push(("etc/rpi-issue", b"Raspberry Pi reference 2024-11-19\n".to_vec()));
        },
        OsFamily::RaspberryPiOs,
        "root",
    )
    .await;
    check(
        &|recipe| {
            release(recipe, debian);
            recipe.boot_files.push(("issue.txt", b"Raspberry Pi reference\n".to_vec()));
        },
        OsFamily::RaspberryPiOs,
        "root",
    )
    .await;
    check(&|recipe| release(recipe, "ID=ubuntu\nID_LIKE=debian\n"), OsFamily::Ubuntu, "root").await;
    check(
        &|recipe| {
            recipe.root_files = vec![("etc/hostname", b"x\n".to_vec())];
            recipe.boot_label = *b"system-boot";
            recipe.mke2fs = vec!["-L", "writable"];
        },
        OsFamily::Ubuntu,
        "root",
    )
    .await;
    check(
        &|recipe| {
            recipe.root_files = vec![("tce/onboot.lst", b"openssh.tcz\n".to_vec())];
            recipe.boot_files.push(("rootfs-piCore-14.1.gz", core.clone()));
        },
        OsFamily::PiCore,
        "tc",
    )
    .await;
}

#[tokio::test]
async fn progress_ends_at_the_whole() {
    let bench = Bench::new();
    let image = bench.image();
    let packed = bench.path("test.img.zst");
    fs::write(&packed, zstd::encode_all(fs::File::open(&image).unwrap(), 1).unwrap()).unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&seen);
    let never = CancellationToken::new();
    let progress = move |progress| log.lock().unwrap().push(progress);
    let imported =
        import(&bench.store, &bench.data, request(&packed, "test"), progress, &never).await.unwrap();
    let seen = seen.lock().unwrap();
    let size = fs::metadata(&packed).unwrap().len();
    assert!(seen.contains(&Progress::Unpacking { done_bytes: size, total_bytes: size }));
    let used = imported.environment.used_bytes;
    assert_eq!(seen.last(), Some(&Progress::Storing { done_bytes: used, total_bytes: used }));
    let text = describe(&imported);
    for part in ["test", "Raspberry Pi OS", "partition 2  ext4, 16 MB, root", "card         at least 25 MB"] {
        assert!(text.contains(part), "{text}");
    }
}

#[tokio::test]
async fn names_are_judged_and_unique() {
    let bench = Bench::new();
    let image = bench.image();
    for name in ["", "-a", "a b", "../x", "é", &"a".repeat(65)] {
        let error = bench.import_as(&image, name).await.unwrap_err();
        assert_says(&error.to_string(), &["name"]);
    }
    let user = Request { ssh_user: Some("a;b".to_owned()), ..request(&image, "x") };
    let never = CancellationToken::new();
    let error = import(&bench.store, &bench.data, user, |_| (), &never).await.unwrap_err();
    assert_says(&error.to_string(), &["a;b"]);
    bench.import_as(&image, "raspios").await.unwrap();
    let error = bench.import_as(&image, "raspios").await.unwrap_err();
    assert!(matches!(error, Error::NameTaken { .. }), "{error}");
    assert_eq!(list(&bench.store).await.unwrap().len(), 1);
}

#[tokio::test]
async fn two_imports_of_one_name_at_once_give_one_environment() {
    let bench = Bench::new();
    let image = bench.image();
    let (a, b) = tokio::join!(bench.import(&image), bench.import(&image));
    assert!(a.is_ok() != b.is_ok());
    assert_eq!(list(&bench.store).await.unwrap().len(), 1);
    assert_eq!(sweep(&bench.store, &bench.data).await.unwrap(), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn removing_frees_the_name_and_the_files() {
    let bench = Bench::new();
    let image = bench.image();
    let first = bench.import(&image).await.unwrap().environment;
    remove(&bench.store, &bench.data, "test").await.unwrap();
    bench.assert_nothing_left().await;
    let error = remove(&bench.store, &bench.data, "test").await.unwrap_err();
    assert!(matches!(error, Error::NotFound { .. }));
    let second = bench.import(&image).await.unwrap().environment;
    assert_ne!(first.id, second.id, "numbers are never given out again");
    assert_eq!(first.digest, second.digest, "the same content has the same digest");
}

#[tokio::test]
async fn what_a_kill_left_is_swept() {
    let bench = Bench::new();
    let kept = bench.import(&bench.image()).await.unwrap().environment;
    let images = bench.data.images();
    // Killed while unpacking, and killed between the rename and the commit.
    fs::create_dir_all(images.join(".import-abc/image")).unwrap();
    fs::create_dir_all(images.join("77/boot")).unwrap();
    let mut removed = sweep(&bench.store, &bench.data).await.unwrap();
    removed.sort();
    assert_eq!(removed, [images.join(".import-abc"), images.join("77")]);
    assert!(bench.data.image_chunks(kept.id).exists());
}

#[tokio::test]
async fn a_folder_that_a_kill_left_does_not_block_its_number() {
    let bench = Bench::new();
    fs::create_dir_all(bench.data.image(EnvironmentId(1)).join("boot")).unwrap();
    let _running = crate::image::staging::Staging::create(&bench.data).unwrap();
    // The other import's lock keeps the sweep away, so the folder is still there when its number comes.
    let imported = bench.import(&bench.image()).await.unwrap();
    assert_eq!(imported.environment.id, EnvironmentId(1));
    assert!(bench.data.image_chunks(EnvironmentId(1)).exists());
}

#[tokio::test]
async fn a_row_without_its_files_is_taken_back() {
    let bench = Bench::new();
    let image = bench.image();
    // A file where the folder should go makes the rename fail inside the transaction.
    fs::create_dir_all(bench.data.images()).unwrap();
    fs::write(bench.data.image(EnvironmentId(1)), RASPIOS).unwrap();
    let running = crate::image::staging::Staging::create(&bench.data).unwrap();
    let error = bench.import(&image).await.unwrap_err();
    assert!(matches!(error, Error::Store(crate::store::Error::Files(_))), "{error:?}");
    assert_eq!(list(&bench.store).await.unwrap(), []);
    drop(running);
    fs::remove_file(bench.data.image(EnvironmentId(1))).unwrap();
    bench.assert_nothing_left().await;
}
