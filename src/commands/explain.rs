//! `pimaster node explain`: a node's latest boot, and what it means. *IO: the database, output.*

use super::Output;
use crate::agent::boot_view;
use crate::config::Config;
use crate::daemon::open_store;
use crate::model::boot_event::{BootEvent, BootRecord};
use crate::model::clock::{self, Timestamp};
use crate::model::dhcp_option::DhcpOption;
use crate::model::node::NodeName;
use crate::web;
use anyhow::Context;

/// `pimaster node explain`.
pub(super) async fn explain(config: Config, name: String, json: bool, out: &Output) -> anyhow::Result<()> {
    let store = open_store(&config)?;
    let name: NodeName = name.parse()?;
    let now = clock::now();
    // A refusal of the agent is an answer; the error of the reader is the database's.
    let view = store.read(move |conn| Ok(boot_view(conn, &name, now))).await??;
    if json {
        let text = web::boot_json(view).context("cannot render the boot")?;
        return out.line(format_args!("{text}"));
    }
    let explanation = &view.explanation;
    let (node, model, address) = (&view.node, view.model.shown(), view.address);
    let target = view.boot_target.as_str();
    out.line(format_args!("{node} ({model}, {address}), boot target {target}"))?;
    out.line(format_args!("{}: {}", explanation.outlook.as_str(), explanation.sentence))?;
    if let Some(fix) = &explanation.fix {
        out.line(format_args!("What to do: {fix}"))?;
    }
    if let Some(warning) = view.order_warning() {
        out.line(format_args!("Warning: {warning}"))?;
    }
    let Some(began) = view.began else { return Ok(()) };
    out.line(format_args!("\nThe boot that began at {began}; * marks what says so.\n"))?;
    for record in &view.events {
        let mark = if explanation.evidence.contains(&record.id) { "*" } else { " " };
        out.line(format_args!("{mark} {}", line(record, began)))?;
        for (whose, options) in options(&record.event) {
            for option in options {
                out.line(format_args!("             {whose} {} {} = {}", option.0, option.name(), option.1))?;
            }
        }
    }
    Ok(())
}

fn line(record: &BootRecord, began: Timestamp) -> String {
    let seconds = record.at.duration_since(began).as_secs_f64();
    format!("{seconds:>8.2} s  {:<7} {}", record.event.kind().as_str(), record.event)
}

fn options(event: &BootEvent) -> Vec<(&'static str, &[DhcpOption])> {
    match event {
        BootEvent::Dhcp(exchange) => {
            vec![("asked", &exchange.options), ("answered", exchange.answer.options())]
        }
        BootEvent::Power { .. }
        | BootEvent::PowerRefused { .. }
        | BootEvent::Doubt { .. }
        | BootEvent::File(_)
        | BootEvent::NfsMount { .. }
        | BootEvent::Ssh { .. }
        | BootEvent::Console { .. } => Vec::new(),
    }
}
