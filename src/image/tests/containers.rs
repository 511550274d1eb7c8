//! Every way an image comes packed gives the same environment.

use super::*;
use crate::image::fixture::MIB;
use std::io::{Read, Seek, Write};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    gzip.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut packed = Vec::new();
    liblzma::read::XzEncoder::new(bytes, 0).read_to_end(&mut packed).unwrap();
    packed
}

fn tar(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, name, *content).unwrap();
    }
    archive.into_inner().unwrap()
}

fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

/// Two streams in a row, as parallel packers write them.
fn halves(bytes: &[u8], pack: impl Fn(&[u8]) -> Vec<u8>) -> Vec<u8> {
    let (first, second) = bytes.split_at(bytes.len() / 2);
    [pack(first), pack(second)].concat()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

#[tokio::test]
async fn every_container_gives_the_same_environment() {
    let bench = Bench::new();
    let image = bench.image();
    let digest = bench.import_as(&image, "plain").await.unwrap().environment.digest;
    let bytes = fs::read(&image).unwrap();
    let packed_xz = xz(&bytes);
    let readme: (&str, &[u8]) = ("readme.txt", b"hello");
    // The names lie on purpose: content decides.
    let packed = [
        ("a.img", packed_xz.clone()),
        ("b.img.xz", gzip(&bytes)),
        ("c.gz", zstd(&bytes)),
        ("d.bin", zip(&[("2024-raspios.img", &bytes)])),
        ("e.tar.gz", gzip(&tar(&[("raspbian.img", &bytes)]))),
        ("f.tar", tar(&[readme, ("./images/raspbian.IMG", &bytes), ("z", b"")])),
        ("g.tar.zst", zstd(&tar(&[("no-ending", &bytes)]))),
        ("h.zip", zip(&[readme, ("__MACOSX/._x.img", b"mac"), ("x.img.xz", &packed_xz)])),
        ("i", halves(&bytes, xz)),
        ("j", halves(&bytes, gzip)),
        ("k", halves(&bytes, zstd)),
        ("m", [b"\x50\x2a\x4d\x18\x04\0\0\0abcd".as_slice(), &zstd(&bytes)].concat()),
        ("l", [packed_xz.clone(), vec![0; 8]].concat()),
    ];
    for (name, content) in packed {
        fs::write(bench.path(name), content).unwrap();
        let imported = bench.import_as(&bench.path(name), &format!("env-{name}")).await;
        let environment = imported.unwrap_or_else(|error| panic!("{name}: {error}")).environment;
        assert_eq!(environment.digest, digest, "{name}");
    }
}

#[tokio::test]
async fn shortened_containers_are_refused() {
    let bench = Bench::new();
    let bytes = fs::read(bench.image()).unwrap();
    let packed = [
        ("xz", xz(&bytes)),
        ("gz", gzip(&bytes)),
        ("zst", zstd(&bytes)),
        ("zip", zip(&[("x.img", &bytes)])),
        ("tar", tar(&[("x.img", &bytes)])),
        ("tar.gz", gzip(&tar(&[("x.img", &bytes)]))),
    ];
    for (name, content) in packed {
        for size in [20, content.len() / 3, content.len() - 600_000, content.len() - 5] {
            if name == "tar" && size == content.len() - 5 {
                continue; // only the padding after the end is short: nothing is missing
            }
            let file = bench.path("short");
            fs::write(&file, &content[..size]).unwrap();
            let text = bench.refusal(&file).await;
            assert_says(&text, &[]);
            assert!(text.contains("again") || text.contains("SD card"), "{name} cut to {size}: {text}");
        }
    }
}

#[tokio::test]
async fn damaged_streams_are_refused() {
    let bench = Bench::new();
    let bytes = fs::read(bench.image()).unwrap();
    for (name, mut content) in
        [("xz", xz(&bytes)), ("gz", gzip(&bytes)), ("tgz", gzip(&tar(&[("x.img", &bytes)])))]
    {
        let middle = content.len() / 2;
        content[middle] ^= 0x55;
        let file = bench.path("damaged");
        fs::write(&file, content).unwrap();
        let text = bench.refusal(&file).await;
        assert!(text.contains("cannot be decoded") || text.contains("too early"), "{name}: {text}");
    }
}

#[tokio::test]
async fn archives_without_one_image_are_refused() {
    let bench = Bench::new();
    let bytes = fs::read(bench.image()).unwrap();
    let check = async |content: Vec<u8>, parts: &[&str]| {
        fs::write(bench.path("archive"), content).unwrap();
        assert_says(&bench.refusal(&bench.path("archive")).await, parts);
    };
    check(tar(&[("a.txt", b"a"), ("b.txt", b"b")]), &["a.txt, b.txt", "exactly one"]).await;
    check(tar(&[("a.img", &bytes), ("b.img", &bytes)]), &["several", "a.img, b.img"]).await;
    check(tar(&[("a.img", b"no disk")]), &["no disk"]).await;
    check(zip(&[("a.txt", b"a"), ("b.txt", b"b")]), &["a.txt, b.txt", "exactly one"]).await;
    check(zip(&[("a.img", &bytes), ("b.img", &bytes)]), &["several", "a.img, b.img"]).await;
    check(zip(&[]), &["no file"]).await;
    check(gzip(&zip(&[("a.img", &bytes)])), &["zip archive inside"]).await;
}

#[tokio::test]
async fn bombs_are_refused_at_the_limit() {
    let bench = Bench::new();
    let image = bench.image();
    // A disk whose table is in order and whose end never comes.
    let mut disk = fs::File::options().write(true).open(&image).unwrap();
    disk.set_len(200 * MIB).unwrap();
    disk.rewind().unwrap();
    let packed = bench.path("bomb.zst");
    fs::write(&packed, zstd::encode_all(fs::File::open(&image).unwrap(), 1).unwrap()).unwrap();
    let limited = Request { limit_bytes: 100 * MIB, ..request(&packed, "bomb") };
    let never = CancellationToken::new();
    let error = import(&bench.store, &bench.data, limited, |_| (), &never).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge(_)), "{error}");
    assert_says(&error.to_string(), &["more than 104 MB"]);
    bench.assert_nothing_left().await;
    // Zeroes without a table are refused before anything is written.
    let zeroes = bench.path("zeroes.zst");
    fs::write(&zeroes, zstd(&vec![0; 50 << 20])).unwrap();
    assert_says(&bench.refusal(&zeroes).await, &["begins with"]);
}

#[tokio::test]
async fn an_import_that_nobody_waits_for_cleans_up() {
    let bench = Bench::new();
    let packed = bench.path("test.img.gz");
    fs::write(&packed, gzip(&fs::read(bench.image()).unwrap())).unwrap();
    let (begun, started) = tokio::sync::oneshot::channel();
    let begun = std::sync::Mutex::new(Some(begun));
    let progress = move |_| {
        if let Some(begun) = begun.lock().unwrap().take() {
            begun.send(()).unwrap();
        }
    };
    let never = CancellationToken::new();
    let import = import(&bench.store, &bench.data, request(&packed, "test"), progress, &never);
    tokio::select! {
        outcome = import => panic!("it was over before it began: {outcome:?}"),
        begun = started => begun.unwrap(),
    }
    // The thread holds this lock until its folder is gone.
    let lock = fs::File::open(bench.data.images().join(".lock")).unwrap();
    nix::fcntl::Flock::lock(lock, nix::fcntl::FlockArg::LockExclusive).unwrap();
    bench.assert_nothing_left().await;
}

#[tokio::test]
async fn an_import_stops_when_asked() {
    let bench = Bench::new();
    let packed = bench.path("test.img.gz");
    fs::write(&packed, gzip(&fs::read(bench.image()).unwrap())).unwrap();
    // At the first report of each stage.
    for wanted_stage in [0, 1] {
        let cancel = CancellationToken::new();
        let stop = cancel.clone();
        let progress = move |progress| {
            let stage = match progress {
                crate::image::Progress::Unpacking { .. } => 0,
                crate::image::Progress::Storing { .. } => 1,
            };
            if stage == wanted_stage {
                stop.cancel();
            }
        };
        let outcome = import(&bench.store, &bench.data, request(&packed, "test"), progress, &cancel).await;
        assert!(matches!(outcome, Err(Error::Cancelled)), "{outcome:?}");
        bench.assert_nothing_left().await;
    }
}
