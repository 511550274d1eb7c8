//! Whole runs of `write-image` against a server with faults and cards that lose power.

use super::super::run::Outcome;
use super::super::testing::{Fault, Flash, ImageServer, Said, Stored, TOKEN, stored, verb, verb_at};
use crate::model::image::Digest;
use crate::model::verb::{Phase, Retry, Verb, VerbLine, WriteImageArgs, WriteImageReport};
use std::os::unix::fs::PermissionsExt;

const KIB: usize = 1 << 10;
const MIB: usize = 1 << 20;

/// About 100 MiB of disk, of which 81 are used: three flushes.
fn large() -> Stored {
    let used: Vec<(usize, usize)> = std::iter::once((0, 512))
        .chain((0..80).map(|index| (MIB + index * MIB + index * 8 * KIB, MIB)))
        .collect();
    stored(100 * MIB, &used)
}

fn small() -> Stored {
    let used: Vec<(usize, usize)> =
        std::iter::once((0, 4 * KIB)).chain((1..40).map(|index| (index * 12 * KIB, 8 * KIB))).collect();
    stored(512 * KIB, &used)
}

fn args(server: &ImageServer, image: &Stored) -> WriteImageArgs {
    WriteImageArgs {
        url: server.url.clone(),
        token: TOKEN.to_owned(),
        digest: image.manifest.digest,
        least_card_bytes: 0,
        remove_bootcode: None,
    }
}

fn assert_written(content: &[u8], image: &Stored) {
    for (index, chunk) in image.manifest.chunks.iter().enumerate() {
        let range = chunk.disk_offset as usize..(chunk.disk_offset + u64::from(chunk.disk_bytes)) as usize;
        assert!(content[range.clone()] == image.disk[range], "chunk {index}");
    }
}

#[test]
fn an_image_goes_onto_a_file_whole() {
    let image = large();
    let server = ImageServer::start(&image, |_| Fault::None);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card");
    std::fs::write(&path, vec![0xaa; 100 * MIB]).unwrap();
    let said = verb_at(Verb::WriteImage, &path, &args(&server, &image));
    let report: WriteImageReport = said.report();
    assert_eq!((report.digest, report.resumed_bytes), (image.manifest.digest, 0));
    assert_eq!(report.written_bytes, image.manifest.used_bytes);
    assert!(std::fs::read(&path).unwrap() == image.disk, "unused parts are empty, used ones are right");
    let phases: Vec<Phase> = said
        .lines
        .iter()
        .filter_map(|line| match line {
            VerbLine::Progress { phase, .. } => Some(*phase),
            VerbLine::Done { .. } | VerbLine::Failed { .. } => None,
        })
        .collect();
    let first = |wanted| phases.iter().position(|phase| *phase == wanted).unwrap();
    assert!(first(Phase::Discard) < first(Phase::Write) && first(Phase::Write) < first(Phase::Check));
    let last = |wanted| {
        said.lines.iter().rev().find_map(|line| match line {
            VerbLine::Progress { phase, done_bytes, total_bytes } if *phase == wanted => {
                Some((*done_bytes, *total_bytes))
            }
            VerbLine::Progress { .. } | VerbLine::Done { .. } | VerbLine::Failed { .. } => None,
        })
    };
    let used = image.manifest.used_bytes;
    assert_eq!((last(Phase::Write), last(Phase::Check)), (Some((used, used)), Some((used, used))));
}

#[test]
fn broken_connections_are_taken_up_again() {
    let image = small();
    let server = ImageServer::start(&image, |request| match request {
        0 => Fault::Status(503),
        1 => Fault::CutAfter(20_000),
        2 => Fault::CutAfter(0),
        3 => Fault::CutAfter(70_001),
        _ => Fault::None,
    });
    let flash = Flash::new(600 * KIB);
    let said = verb(Verb::WriteImage, flash.card(), &args(&server, &image));
    assert_eq!(said.outcome, Outcome::Done, "{said:?}");
    assert_written(&flash.content(), &image);
    let ranges = server.ranges.lock().unwrap().clone();
    let second = image.manifest.chunks[1].stored_offset as usize;
    assert_eq!((ranges[0].0, ranges[1].0), (second, second));
    assert!(ranges[2].0 > second && ranges[2].0 <= second + 20_000, "goes on where it broke: {ranges:?}");
    assert_eq!(ranges[3].0, ranges[2].0);
    assert!(ranges[4].0 > ranges[3].0 + 50_000);
}

#[test]
fn a_damaged_chunk_is_fetched_again_and_then_given_up() {
    let image = small();
    let at = image.manifest.chunks[5].stored_offset as usize + 100;
    let once =
        ImageServer::start(&image, move |request| if request == 0 { Fault::Damage(at) } else { Fault::None });
    let flash = Flash::new(512 * KIB);
    assert_eq!(verb(Verb::WriteImage, flash.card(), &args(&once, &image)).outcome, Outcome::Done);
    assert_written(&flash.content(), &image);

    let always = ImageServer::start(&image, move |_| Fault::Damage(at));
    let flash = Flash::new(512 * KIB);
    let said = verb(Verb::WriteImage, flash.card(), &args(&always, &image));
    let (problem, retry) = said.problem();
    assert!(problem.seen.contains("chunk 5 of the image came wrong twice"), "{problem}");
    assert_eq!(retry, Retry::Pointless);
    assert_eq!(flash.content()[510..512], [0, 0], "half a card does not boot");
}

#[test]
fn the_power_may_fail_at_any_write() {
    let image = small();
    let server = ImageServer::start(&image, |_| Fault::None);
    let mut resumed = 0;
    for writes in 0..=image.manifest.chunks.len() + 3 {
        let flash = Flash::new(512 * KIB);
        flash.fail_after(writes);
        let first = verb(Verb::WriteImage, flash.card(), &args(&server, &image));
        flash.power_cycle(0x5bd1_e995_9e37_79b9_u64.rotate_left(writes as u32));
        let boots = flash.content()[..4 * KIB] == image.disk[..4 * KIB];
        if first.outcome == Outcome::Failed && boots {
            // Only the very last flush was missed: everything is there.
            assert_written(&flash.content(), &image);
        }
        let again = verb(Verb::WriteImage, flash.card(), &args(&server, &image));
        assert_eq!(again.outcome, Outcome::Done, "after {writes} writes: {again:?}");
        assert_written(&flash.content(), &image);
        resumed += again.report::<WriteImageReport>().resumed_bytes;
    }
    assert!(resumed > 0, "a journal was taken up at least once");
}

#[test]
fn a_run_goes_on_where_the_last_one_stopped() {
    let image = large();
    let server = ImageServer::start(&image, |_| Fault::None);
    let flash = Flash::new(100 * MIB);
    flash.fail_after(75);
    let first = verb(Verb::WriteImage, flash.card(), &args(&server, &image));
    assert_eq!(first.outcome, Outcome::Failed);
    flash.power_cycle(0);
    let report: WriteImageReport = verb(Verb::WriteImage, flash.card(), &args(&server, &image)).report();
    assert!(report.resumed_bytes >= 32 * MIB as u64, "{report:?}");
    assert_eq!(report.resumed_bytes + report.written_bytes, image.manifest.used_bytes);
    assert_written(&flash.content(), &image);
}

#[test]
fn another_image_starts_afresh() {
    let (image, other) = (small(), stored(64 * KIB, &[(0, 512), (8192, 8192)]));
    let server = ImageServer::start(&image, |_| Fault::None);
    let flash = Flash::new(512 * KIB);
    flash.fail_after(20);
    verb(Verb::WriteImage, flash.card(), &args(&server, &image));
    flash.power_cycle(u64::MAX);
    let server = ImageServer::start(&other, |_| Fault::None);
    let report: WriteImageReport = verb(Verb::WriteImage, flash.card(), &args(&server, &other)).report();
    assert_eq!(report.resumed_bytes, 0);
    assert_written(&flash.content(), &other);
}

#[test]
fn a_bad_sector_is_named() {
    let image = small();
    let server = ImageServer::start(&image, |_| Fault::None);
    let flash = Flash::new(512 * KIB);
    let chunk = image.manifest.chunks[7].disk_offset as usize;
    flash.spoil(chunk + 1024..chunk + 2048);
    let said = verb(Verb::WriteImage, flash.card(), &args(&server, &image));
    let (problem, retry) = said.problem();
    let sector = chunk / 512 + 2;
    assert!(problem.seen.contains(&format!("sectors {sector} to {}", sector + 1)), "{problem}");
    assert!(problem.advice.contains("Replace the card"));
    assert_eq!(retry, Retry::Pointless);
    assert_eq!(flash.content()[510..512], [0, 0], "a bad card does not boot");
}

#[test]
fn what_cannot_work_is_refused_before_the_card_is_touched() {
    let image = small();
    let server = ImageServer::start(&image, |_| Fault::None);
    let good = args(&server, &image);
    let check = |size: usize, args: &WriteImageArgs, part: &str, expect: Retry| {
        let flash = Flash::new(size);
        let said = verb(Verb::WriteImage, flash.card(), args);
        let (problem, retry) = said.problem();
        assert!(problem.to_string().contains(part), "{problem}");
        assert_eq!(retry, expect);
        assert!(flash.content().iter().all(|byte| *byte == 0xee), "untouched");
    };
    let sizes = format!("has {} bytes; expected at least the image's {} bytes", 100 * KIB, 512 * KIB);
    check(100 * KIB, &good, &sizes, Retry::Pointless);
    let least_card_bytes = 700 * KIB as u64;
    let larger = WriteImageArgs { least_card_bytes, ..good.clone() };
    let sizes = format!("has {} bytes; expected at least {} bytes", 512 * KIB, 700 * KIB);
    check(512 * KIB, &larger, &sizes, Retry::Pointless);
    check(512 * KIB, &larger, "Choose a smaller partition or the whole card", Retry::Pointless);
    let token = "wrong".to_owned();
    check(512 * KIB, &WriteImageArgs { token, ..good.clone() }, "401", Retry::Pointless);
    let url = good.url.replace("/images/1", "/images/2");
    check(512 * KIB, &WriteImageArgs { url, ..good.clone() }, "404", Retry::Pointless);
    let digest = Digest::of(b"another");
    check(512 * KIB, &WriteImageArgs { digest, ..good.clone() }, "expected the image", Retry::Pointless);
    let url = "ftp://x".to_owned();
    check(512 * KIB, &WriteImageArgs { url, ..good }, "argument `url`", Retry::Pointless);
}

#[test]
fn cards_that_are_missing_or_read_only_are_named() {
    let image = small();
    let server = ImageServer::start(&image, |_| Fault::None);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card");
    let said = verb_at(Verb::WriteImage, &path, &args(&server, &image));
    assert!(said.problem().0.seen.contains("no card at"), "{said:?}");
    std::fs::write(&path, vec![1; 512 * KIB]).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o444)).unwrap();
    let said = verb_at(Verb::WriteImage, &path, &args(&server, &image));
    assert!(said.problem().0.seen.contains("is read-only"), "{said:?}");
    assert!(std::fs::read(&path).unwrap().iter().all(|byte| *byte == 1));
}

#[test]
fn bad_arguments_name_the_field() {
    let check = |json: serde_json::Value, part: &str| {
        let said: Said = verb(Verb::WriteImage, Flash::new(4096).card(), &json);
        assert!(said.problem().0.seen.contains(part), "{said:?}");
        assert_eq!(said.problem().1, Retry::Pointless);
    };
    check(serde_json::json!({"token": "t", "digest": Digest::of(b"").to_string()}), "url");
    check(serde_json::json!({"url": "http://x", "token": "t", "digest": "12"}), "digest");
    check(serde_json::json!([1]), "invalid");
}

/// Takes some lines, then is gone.
struct Deaf(usize);

impl std::io::Write for Deaf {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0 = self.0.checked_sub(1).ok_or(std::io::ErrorKind::BrokenPipe)?;
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_verb_nobody_listens_to_stops() {
    let image = small();
    let server = ImageServer::start(&image, |_| Fault::None);
    let input = serde_json::to_vec(&args(&server, &image)).unwrap();
    for lines in 0..4 {
        let flash = Flash::new(512 * KIB);
        let outcome = super::super::run_on(Verb::WriteImage, flash.card(), input.as_slice(), Deaf(lines));
        assert_eq!(outcome, Outcome::Gone);
    }
}
