//! Every model boots the installer and, if it can, its environment's files; what each class asks for is in its order.

use super::super::{NetworkBoot, Outcome, Version};
use super::bench::{Bench, Cable, identity};
use super::quirks::is_booted;
use crate::model::board::BoardModel;
use crate::model::quirk::Quirks;

#[tokio::test(start_paused = true)]
async fn every_model_and_version_boots() {
    for model in BoardModel::ALL {
        for version in [Version::Newest, Version::March2020, Version::Oldest, Version::BootcodeOnCard] {
            let bench = Bench::new(*model, version);
            let run = bench.run(Quirks::ALL).await;
            is_booted(&bench, &run, Quirks::ALL).unwrap_or_else(|why| panic!("{model:?} {version:?}: {why}"));
            assert_eq!(run.node.serial, Some(identity(*model).serial), "{model:?} {version:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn requests_that_the_network_doubles_cost_no_board_anything() {
    // What older boards look for before they load it.
    let cable = Cable { doubles_request_for: Some("start"), ..Cable::GOOD };
    for model in BoardModel::ALL {
        for version in [Version::Newest, Version::March2020, Version::Oldest, Version::BootcodeOnCard] {
            let single = Bench::new(*model, version).run(Quirks::ALL).await;
            let bench = Bench { cable, ..Bench::new(*model, version) };
            let doubled = bench.run(Quirks::ALL).await;
            is_booted(&bench, &doubled, Quirks::ALL)
                .unwrap_or_else(|why| panic!("{model:?} {version:?}: {why}"));
            assert_eq!(doubled.took, single.took, "{model:?} {version:?}");
        }
    }
}

/// One line for each request, repeated ones counted, without the prefix's digits.
async fn asked(model: BoardModel, version: Version) -> String {
    let run = Bench::new(model, version).run(Quirks::ALL).await;
    let NetworkBoot::Loaded(loaded) = run.boot else { panic!("{run:?}") };
    let mut lines: Vec<(String, usize)> = Vec::new();
    for transfer in &loaded.transfers {
        let end = match transfer.outcome {
            Outcome::Loaded { .. } => "",
            Outcome::Found { .. } => " (looked for)",
            Outcome::Refused { .. } => " -",
            Outcome::WrongOptions
            | Outcome::PassedOver
            | Outcome::TooLong
            | Outcome::Hung
            | Outcome::Stalled => panic!("{transfer:?}"),
        };
        let line = format!("{}{end}", transfer.path.replace("b66c4c16/", "./"));
        match lines.last_mut() {
            Some((last, times)) if *last == line => *times += 1,
            _ => lines.push((line, 1)),
        }
    }
    let shown = lines.iter().map(|(line, times)| match times {
        1 => format!("{line}\n"),
        times => format!("{line} x{times}\n"),
    });
    shown.collect()
}

#[tokio::test(start_paused = true)]
async fn each_class_asks_in_its_order() {
    let mut all = String::new();
    for model in [BoardModel::Pi3b, BoardModel::Pi4b, BoardModel::Pi5] {
        all += &format!("{}:\n{}", model.shown(), asked(model, Version::Newest).await);
    }
    insta::assert_snapshot!(all, @r"
    Raspberry Pi 3B:
    bootcode.bin
    bootsig.bin -
    ./start.elf (looked for) x2
    ./autoboot.txt -
    ./config.txt
    ./recovery.elf -
    ./start.elf
    ./fixup.dat
    ./recovery.elf -
    ./config.txt x2
    ./dt-blob.bin -
    ./recovery.elf -
    ./config.txt x2
    ./bootcfg.txt -
    ./bcm2710-rpi-3-b.dtb x2
    ./overlays/overlay_map.dtb - x2
    ./config.txt x2
    ./overlays/vc4-kms-v3d.dtbo
    ./cmdline.txt x2
    ./recovery8.img -
    ./recovery7.img -
    ./kernel8.img (looked for)
    ./initramfs8
    ./armstub8.bin -
    ./armstub8-32.bin -
    ./kernel8.img
    Raspberry Pi 4B:
    ./start4.elf (looked for)
    ./config.txt
    ./vl805.sig -
    ./pieeprom.sig -
    ./recover4.elf -
    ./recovery.elf -
    ./start4.elf
    ./fixup4.dat
    ./config.txt x2
    ./initramfs8
    ./bcm2711-rpi-4-b.dtb
    ./config.txt
    ./overlays/overlay_map.dtb -
    ./overlays/vc4-kms-v3d.dtbo
    ./cmdline.txt
    ./kernel8.img
    ./armstub8-gic.bin -
    Raspberry Pi 5:
    ./config.txt (looked for)
    ./config.txt
    ./pieeprom.sig -
    ./bcm2712-rpi-5-b.dtb
    ./overlays/overlay_map.dtb -
    ./overlays/bcm2712d0.dtbo -
    ./overlays/vc4-kms-v3d.dtbo
    ./cmdline.txt
    ./kernel_2712.img
    ./initramfs_2712
    ./armstub8-2712.bin -
    ");
}
