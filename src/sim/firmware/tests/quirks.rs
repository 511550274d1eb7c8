//! For each quirk a scenario in which a board boots, and in which it does not when that quirk alone is taken out.

use super::super::{NetworkBoot, Outcome, Version};
use super::bench::{ADDRESS, Bench, Cable, Run, SERVER, dhcp, identity};
use crate::dhcp::verdict::{Ignore, Verdict};
use crate::dhcp::{Known, Responder, observe, wire};
use crate::model::board::{BoardModel, BoardSerial};
use crate::model::clock::from_millis;
use crate::model::ids::NodeId;
use crate::model::net::MacAddr;
use crate::model::node::{BootTarget, Node};
use crate::model::quirk::{Quirk, Quirks};
use std::time::Duration;

/// A board and what must come of its boot.
struct Scenario {
    bench: Bench,
    holds: fn(&Bench, &Run, Quirks) -> Result<(), String>,
}

fn boots(model: BoardModel, version: Version, cable: Cable) -> Scenario {
    Scenario { bench: Bench { cable, ..Bench::new(model, version) }, holds: is_booted }
}

/// A kernel would start, from the right server, with the right bytes.
pub(super) fn is_booted(bench: &Bench, run: &Run, _: Quirks) -> Result<(), String> {
    let loaded = match &run.boot {
        NetworkBoot::Loaded(loaded) => loaded,
        NetworkBoot::NoAnswer => return Err(format!("no answer in {} s", run.took.as_secs())),
        NetworkBoot::NoFiles { lease, missing, .. } if lease.boot_server != SERVER => {
            return Err(format!("asks {} for {missing}", lease.boot_server));
        }
        NetworkBoot::NoFiles { missing, .. } => return Err(format!("no {missing}")),
        NetworkBoot::Hung { file, .. } => return Err(format!("hangs at {file}")),
    };
    for transfer in &loaded.transfers {
        let name = transfer.path.rsplit('/').next().unwrap();
        let sizes =
            bench.files.iter().filter(|(path, _)| path.ends_with(name)).map(|(_, it)| it.len() as u64);
        if let Outcome::Loaded { bytes, .. } = transfer.outcome
            && name != "cmdline.txt"
            && !sizes.clone().any(|size| size == bytes)
        {
            return Err(format!("{name} has the bytes of another file"));
        }
    }
    if loaded.initramfs.is_none() {
        return Err("config.txt was passed over".to_owned());
    }
    let wanted = loaded.cmdline.contains("nfsroot=10.20.0.1:/srv/root") && loaded.lease.address == ADDRESS;
    wanted.then_some(()).ok_or_else(|| format!("boots with `{}`", loaded.cmdline))
}

/// The serial number is known before any file is asked for.
fn is_recognised(_: &Bench, run: &Run, _: Quirks) -> Result<(), String> {
    let serial = identity(run.node.model).serial;
    let told = run.seen.iter().any(|seen| seen.serial == Some(serial));
    told.then_some(()).ok_or_else(|| "its DISCOVER does not tell who it is".to_owned())
}

fn is_learnt(_: &Bench, run: &Run, _: Quirks) -> Result<(), String> {
    let is_right = run.node.serial == Some(identity(run.node.model).serial);
    is_right.then_some(()).ok_or_else(|| format!("serial number {:?}", run.node.serial))
}

/// The card's turn comes at once.
fn turns_to_its_card(_: &Bench, run: &Run, _: Quirks) -> Result<(), String> {
    assert!(!matches!(run.boot, NetworkBoot::Loaded(_)), "{run:?}");
    let is_fast = run.took < Duration::from_secs(1);
    is_fast.then_some(()).ok_or_else(|| format!("turns to its card after {} s", run.took.as_secs()))
}

/// Another node that was given the same address meanwhile has to wait.
fn holds_its_address(bench: &Bench, run: &Run, quirks: Quirks) -> Result<(), String> {
    is_booted(bench, run, quirks)?;
    let mut discover = vec![1, 1, 6, 0, 0, 0, 0, 9];
    discover.resize(28, 0);
    discover.extend([2, 0, 0, 0, 0, 1]);
    discover.resize(236, 0);
    discover.extend([99, 130, 83, 99, 53, 1, 1, 255]);
    let request = wire::decode(&discover).unwrap();
    let node = Node { id: NodeId(8), mac: MacAddr([2, 0, 0, 0, 0, 1]), ..run.node.clone() };
    let holder = run.leases.iter().find(|lease| lease.address == ADDRESS).cloned();
    let known = Known { node, lease: None, holder };
    let seen = observe::observe(&request, quirks);
    let decision = Responder::new(dhcp(), quirks).respond(&request, &seen, Some(&known), from_millis(0));
    match &decision.verdict {
        Verdict::Ignore(Ignore::AddressHeld(..)) => Ok(()),
        Verdict::Answer(answer) => Err(format!("{} for two boards", answer.reply.yiaddr)),
        Verdict::Heard(_) | Verdict::Ignore(_) => panic!("{decision:?}"),
    }
}

/// The table: a scenario for each quirk.
fn scenario(quirk: Quirk) -> Scenario {
    use BoardModel::{Pi3b, Pi3bPlus, Pi4b, Pi5};
    use Version::{BootcodeOnCard, March2020, Newest, Oldest};
    let good = Cable::GOOD;
    let relayed = Cable { is_relayed: true, ..good };
    match quirk {
        Quirk::BootServerName => boots(Pi4b, Newest, good),
        Quirk::PaddedServerName | Quirk::RepeatedOffer => boots(Pi3b, Newest, good),
        Quirk::RomByMachineId => {
            let scenario = boots(Pi3b, Newest, good);
            Scenario { bench: Bench { entered: BoardModel::Unknown, ..scenario.bench }, ..scenario }
        }
        Quirk::OfferIsLease => Scenario { holds: holds_its_address, ..boots(Pi3bPlus, Newest, good) },
        Quirk::ZeroHops => boots(Pi3b, Newest, relayed),
        Quirk::NoPads => boots(Pi4b, Oldest, good),
        Quirk::ServerInSiaddr => boots(Pi4b, Oldest, relayed),
        Quirk::ServerInOption66 => boots(Pi3bPlus, Newest, relayed),
        Quirk::FirmwareWithoutClass => boots(Pi4b, Newest, good),
        // A slow network: bootcode.bin takes longer than an entry that nobody confirms is used.
        Quirk::KnownNeighbour => boots(Pi3b, Newest, Cable { latency: Duration::from_millis(50), ..good }),
        Quirk::SerialFourTimes => Scenario { holds: is_recognised, ..boots(Pi3bPlus, Newest, good) },
        Quirk::EitherByteOrder => Scenario { holds: is_recognised, ..boots(Pi4b, March2020, good) },
        Quirk::AnsweredWhenLocal => {
            let bench = Bench { target: BootTarget::Local, ..Bench::new(Pi4b, Newest) };
            Scenario { bench, holds: turns_to_its_card }
        }
        Quirk::OptionsAcknowledged => boots(Pi4b, Newest, good),
        Quirk::SilentOnDuplicates => boots(Pi4b, Oldest, Cable { doubles_ack_of: Some(1), ..good }),
        Quirk::PatientRepetition => {
            boots(Pi4b, Oldest, Cable { delays_ack_of: Some((2, Duration::from_millis(1500))), ..good })
        }
        Quirk::OneTransferPerRequest => {
            boots(Pi3bPlus, Oldest, Cable { doubles_request_for: Some("fixup.dat"), ..good })
        }
        // The end of the second look at start.elf is lost; autoboot.txt is next.
        Quirk::NextRequestFromSamePort => boots(Pi3b, BootcodeOnCard, Cable { loses_error: Some(2), ..good }),
        Quirk::EarlyTermination => boots(Pi5, Newest, Cable { room: 1, ..good }),
        Quirk::BlocksRollOver => {
            // 30 s for a file are enough for so many blocks only on a cable that takes no time.
            let mut scenario = boots(Pi5, Newest, Cable { latency: Duration::ZERO, ..good });
            scenario.bench.put("kernel_2712.img", vec![9; 65_536 * 1468 + 7]);
            scenario
        }
        Quirk::FilesByAddress | Quirk::SharedBootcode => boots(Pi3bPlus, Newest, good),
        Quirk::SerialFromPrefix => {
            let cable = Cable { is_foreign: true, ..good };
            let bench = Bench { cable, serial: Some(BoardSerial(0x1234_5678)), ..Bench::new(Pi3b, Newest) };
            Scenario { bench, holds: is_learnt }
        }
    }
}

#[tokio::test(start_paused = true)]
async fn each_quirk_is_needed() {
    let mut table = String::new();
    for quirk in Quirk::ALL {
        let Scenario { bench, holds } = scenario(*quirk);
        let run = bench.run(Quirks::ALL).await;
        holds(&bench, &run, Quirks::ALL).unwrap_or_else(|why| panic!("{quirk:?}: {why}\n{run:#?}"));
        let quirks = Quirks::without(*quirk);
        let run = bench.run(quirks).await;
        let Err(why) = holds(&bench, &run, quirks) else { panic!("{quirk:?} is not needed") };
        table += &format!("{quirk:?}: {:?} {:?} {why}\n", bench.model, bench.version);
    }
    insta::assert_snapshot!(table, @r"
    BootServerName: Pi4b Newest no answer in 44 s
    PaddedServerName: Pi3b Newest no answer in 25 s
    RomByMachineId: Pi3b Newest no answer in 25 s
    RepeatedOffer: Pi3b Newest no answer in 25 s
    OfferIsLease: Pi3bPlus Newest 10.20.0.7 for two boards
    ZeroHops: Pi3b Newest no answer in 25 s
    NoPads: Pi4b Oldest no answer in 44 s
    ServerInSiaddr: Pi4b Oldest asks 10.20.0.250 for start4.elf
    ServerInOption66: Pi3bPlus Newest asks 10.20.0.250 for bootcode.bin
    FirmwareWithoutClass: Pi4b Newest no answer in 44 s
    KnownNeighbour: Pi3b Newest no bootcode.bin
    SerialFourTimes: Pi3bPlus Newest its DISCOVER does not tell who it is
    EitherByteOrder: Pi4b March2020 its DISCOVER does not tell who it is
    AnsweredWhenLocal: Pi4b Newest turns to its card after 44 s
    OptionsAcknowledged: Pi4b Newest config.txt was passed over
    SilentOnDuplicates: Pi4b Oldest hangs at b66c4c16/fixup4.dat
    PatientRepetition: Pi4b Oldest hangs at b66c4c16/fixup4.dat
    OneTransferPerRequest: Pi3bPlus Oldest no b66c4c16/fixup.dat
    NextRequestFromSamePort: Pi3b BootcodeOnCard autoboot.txt has the bytes of another file
    EarlyTermination: Pi5 Newest no b66c4c16/config.txt
    BlocksRollOver: Pi5 Newest no b66c4c16/kernel_2712.img or kernel8.img
    FilesByAddress: Pi3bPlus Newest no bootcode.bin
    SharedBootcode: Pi3bPlus Newest no bootcode.bin
    SerialFromPrefix: Pi3b Newest serial number Some(BoardSerial(305419896))
    ");
}

#[test]
fn the_documentation_names_each_quirk() {
    let documented = include_str!("../../../../docs/boards.md");
    for quirk in Quirk::ALL {
        let row = format!("| {} | {} | {} |", quirk.done(), quirk.needed_by(), quirk.ordinary());
        assert!(documented.contains(&row), "docs/boards.md lacks: {row}");
    }
}
