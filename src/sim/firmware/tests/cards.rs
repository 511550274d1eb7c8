//! What it costs a board that its boot target is its card, and what happens without an answer.

use super::super::{NetworkBoot, Version};
use super::bench::Bench;
use crate::model::board::BoardModel;
use crate::model::node::BootTarget;
use crate::model::quirk::{Quirk, Quirks};

/// Seconds that the network boot takes until the board turns to its card, or gives up.
async fn seconds(model: BoardModel, quirks: Quirks) -> (String, NetworkBoot) {
    let bench = Bench { target: BootTarget::Local, ..Bench::new(model, Version::Newest) };
    let run = bench.run(quirks).await;
    (format!("{:.1}", run.took.as_secs_f64()), run.boot)
}

async fn row(model: BoardModel) -> String {
    let (answered, boot) = seconds(model, Quirks::ALL).await;
    let NetworkBoot::NoFiles { missing, transfers, .. } = boot else { panic!("{boot:?}") };
    let (silent, boot) = seconds(model, Quirks::without(Quirk::AnsweredWhenLocal)).await;
    assert_eq!(boot, NetworkBoot::NoAnswer);
    let then = if model.firmware().falls_through_to_card() { "its card" } else { "nothing: gives up" };
    let (name, asks) = (model.shown(), transfers.len());
    format!("| {name} | {asks}, for want of {missing} | {answered} | {silent} | {then} |\n")
}

#[tokio::test(start_paused = true)]
async fn the_table_of_the_documentation_is_what_the_boards_do() {
    let mut table = String::new();
    for model in BoardModel::ALL.iter().filter(|model| **model != BoardModel::Unknown) {
        table += &row(*model).await;
    }
    let documented = include_str!("../../../../docs/boards.md");
    assert!(documented.contains(&table), "docs/boards.md lacks the table that the boards give:\n{table}");
}

#[tokio::test(start_paused = true)]
async fn an_empty_start_file_under_the_prefix_sends_a_pi_4_to_its_card() {
    let mut bench = Bench::new(BoardModel::Pi4b, Version::Newest);
    bench.put("start4.elf", Vec::new());
    let run = bench.run(Quirks::ALL).await;
    let NetworkBoot::NoFiles { missing, .. } = &run.boot else { panic!("{run:?}") };
    assert_eq!(missing, "b66c4c16/start4.elf", "the prefix was kept");
}
