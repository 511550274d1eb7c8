//! A card's whole life, verb after verb: on a file, and as root on a block device.

use super::customise::tests::{args, raspberry_pi_os};
use super::run::Outcome;
use super::testing::{Disk, Fault, Flash, ImageServer, Loop, MIB, TOKEN, store, verb, verb_at};
use crate::model::environment::OsFamily;
use crate::model::reservation::PartitionSize;
use crate::model::verb::{
    After, CustomiseReport, FinishArgs, GrowArgs, GrowReport, ProbeReport, Verb, WipeMethod, WipeReport,
    WriteImageArgs, WriteImageReport,
};
use std::fs;
use std::path::Path;

/// Runs every verb on a card of 64 MiB; `disk` names the card's file afterwards.
fn live(card: &Path, image: &Disk) {
    let stored = store(fs::read(&image.path).unwrap(), 256 << 10);
    let server = ImageServer::start(&stored, |_| Fault::None);
    let probed: ProbeReport = verb_at(Verb::Probe, card, &()).report();
    assert_eq!(probed.card.map(|card| (card.size_bytes, card.read_only)), Some((64 * MIB, false)));
    let wanted = WriteImageArgs {
        url: server.url,
        token: TOKEN.to_owned(),
        digest: stored.manifest.digest,
        least_card_bytes: 0,
        remove_bootcode: None,
    };
    let report: WriteImageReport = verb_at(Verb::WriteImage, card, &wanted).report();
    assert_eq!(report.written_bytes, stored.manifest.used_bytes);
    let wanted = GrowArgs { layout: image.layout.clone(), size: PartitionSize::Whole };
    let report: GrowReport = verb_at(Verb::Grow, card, &wanted).report();
    assert_eq!(report, GrowReport { partition_bytes: 59 * MIB, file_system_bytes: 59 * MIB });
    let report: CustomiseReport =
        verb_at(Verb::Customise, card, &args(image, OsFamily::RaspberryPiOs)).report();
    assert!(report.cmdline.ends_with("rootwait quiet"));
    assert_eq!(verb_at(Verb::Finish, card, &FinishArgs { then: After::Stay }).outcome, Outcome::Done);
}

fn wipe(card: &Path) {
    let report: WipeReport = verb_at(Verb::Wipe, card, &()).report();
    assert_eq!(report, WipeReport { method: WipeMethod::Discard, wiped_bytes: 64 * MIB });
}

#[test]
fn a_file_lives_a_cards_life() {
    let image = raspberry_pi_os();
    let folder = tempfile::tempdir().unwrap();
    let card = folder.path().join("card.img");
    fs::write(&card, vec![0xa5; 64 << 20]).unwrap();
    live(&card, &image);
    let content = fs::read(&card).unwrap();
    assert_eq!(content.len() as u64, 64 * MIB);
    // The same as if the image had been customised by itself, as other tools see it.
    fs::write(&image.path, content).unwrap();
    image.assert_clean();
    assert_eq!(image.debugfs("cat /etc/hostname"), "pi-07\n");
    wipe(&card);
    assert!(fs::read(&card).unwrap().iter().all(|byte| *byte == 0));
}

/// `reboot` on a card that is a file must not take this machine down; this test would notice.
#[test]
fn a_file_has_no_board_to_restart() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for then in [After::Reboot, After::PowerOff] {
        assert_eq!(verb_at(Verb::Finish, file.path(), &FinishArgs { then }).outcome, Outcome::Done);
    }
}

#[test]
fn a_card_that_cannot_discard_is_overwritten() {
    let flash = Flash::new(3 << 20);
    let report: WipeReport = verb(Verb::Wipe, flash.card(), &()).report();
    assert_eq!(report, WipeReport { method: WipeMethod::Overwrite, wiped_bytes: 3 << 20 });
    assert!(flash.content().iter().all(|byte| *byte == 0));

    let stuck = Flash::new(3 << 20);
    stuck.spoil(600..601);
    let said = verb(Verb::Wipe, stuck.card(), &());
    assert!(said.problem().0.seen.contains("still holds data"), "{said:?}");
}

#[test]
fn a_block_device_lives_a_cards_life() {
    let image = raspberry_pi_os();
    let file = image.folder.path().join("device.img");
    fs::write(&file, vec![0xa5; 64 << 20]).unwrap();
    let Some(device) = Loop::over(&file) else {
        eprintln!("only root can make a loop device: the test on a block device is left out");
        return;
    };
    live(&device.path, &image);
    fs::write(&image.path, fs::read(&device.path).unwrap()).unwrap();
    image.assert_clean();
    assert_eq!(image.debugfs("cat /etc/hostname"), "pi-07\n");
    assert_eq!(image.debugfs("cat /root/.ssh/authorized_keys").lines().count(), 2);
    wipe(&device.path);
    assert!(fs::read(&device.path).unwrap().iter().all(|byte| *byte == 0));
}
