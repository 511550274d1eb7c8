//! Runs the commands of the command line; one file per noun. *IO: the database, files, standard output.*
//!
//! Called by `main`. Exit status: 0 done, 1 could not be done, 64 the settings or the options are wrong; 2 the doctor
//! found a failure; those of the client are in `ctl/failure.rs`.

mod detect;
mod device;
mod doctor;
mod explain;
mod image;
mod import;
mod nfs;
mod people;
mod rack;
mod serve;

use crate::cli::{self, Cli, Command, ConfigFile};
use crate::config::Config;
use crate::model::verb::Verb;
use crate::{ctl, demo, node, telemetry, web};
use anyhow::Context;
use std::fmt;
use std::future::Future;
use std::io::Write;
use std::process::ExitCode;

/// The status for wrong settings or options (`EX_USAGE` of sysexits.h).
pub const EXIT_USAGE: u8 = 64;

/// Why a command was not done.
enum Failure {
    /// The settings are wrong.
    Settings(crate::config::Error),
    /// It could not be done.
    Command(anyhow::Error),
}

impl<E: Into<anyhow::Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Command(error.into())
    }
}

/// Where a command writes what it found.
struct Output;

impl Output {
    /// Writes one line.
    fn line(&self, text: fmt::Arguments<'_>) -> anyhow::Result<()> {
        writeln!(std::io::stdout().lock(), "{text}").context("cannot write to standard output")
    }
}

/// Runs one command line.
pub fn run(cli: Cli) -> ExitCode {
    let out = Output;
    let outcome = match cli.command {
        Command::Node { command } => match verb(command) {
            Ok(status) => return status,
            Err(command) => node_command(command, &out),
        },
        Command::CheckConfig(file) => check_config(&file, &out),
        Command::Doctor(options) => match doctor::run(&options, &out) {
            Ok(status) => return ExitCode::from(status),
            Err(failure) => Err(failure),
        },
        Command::Ctl(options) => return ExitCode::from(ctl::run(&options)),
        Command::Openapi => openapi(&out),
        Command::Serve(file) => serve_command(&file),
        Command::Demo(options) => demo_command(options),
        Command::Nfs { command, config } => with(&config, |config| nfs::run(config, command, out)),

        Command::Image { command, config } => with(&config, |config| image::run(config, command, out)),
        Command::Import { command, config } => with(&config, |config| import::run(config, command, out)),
        Command::Switch { command, config } => with(&config, |config| rack::run_switch(config, command, out)),
        Command::Detect { switch, ports, config } => {
            with(&config, |config| detect::run(config, switch, ports, out))
        }
        Command::Device { command, config } => with(&config, |config| device::run(config, command, out)),
        Command::User { command, config } => with(&config, |config| people::run_user(config, command, out)),
        Command::Token { command, config } => with(&config, |config| people::run_token(config, command, out)),
    };
    let (text, status) = match outcome {
        Ok(()) => return ExitCode::SUCCESS,
        Err(Failure::Settings(error)) => (error.to_string(), ExitCode::from(EXIT_USAGE)),
        Err(Failure::Command(error)) => (format!("{error:#}"), ExitCode::FAILURE),
    };
    // With standard error closed there is nobody left to tell; the status says it.
    drop(writeln!(std::io::stderr().lock(), "pimaster: {text}"));
    status
}

fn load(file: &ConfigFile) -> Result<Config, Failure> {
    Config::load(&file.path).map_err(Failure::Settings)
}

/// Loads the settings and runs a short command on them; only warnings are logged.
fn with<F>(file: &ConfigFile, command: impl FnOnce(Config) -> F) -> Result<(), Failure>
where
    F: Future<Output = anyhow::Result<()>>,
{
    let config = load(file)?;
    telemetry::init("warn");
    Ok(runtime()?.block_on(command(config))?)
}

/// Threads for short work on files. tokio's own limit is 512, and each keeps a heap: 200 boards that boot at once
/// then cost 350 MB.
const BLOCKING_THREADS: usize = 16;

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    builder.enable_all().max_blocking_threads(BLOCKING_THREADS).build().context("cannot start the runtime")
}

fn check_config(file: &ConfigFile, out: &Output) -> Result<(), Failure> {
    load(file)?;
    Ok(out.line(format_args!("{} is good", file.path.display()))?)
}

fn openapi(out: &Output) -> Result<(), Failure> {
    let text = web::openapi().to_pretty_json().context("cannot render the document")?;
    Ok(out.line(format_args!("{text}"))?)
}

fn demo_command(options: cli::Demo) -> Result<(), Failure> {
    telemetry::init("warn");
    Ok(runtime()?.block_on(demo::run(options))?)
}

fn serve_command(file: &ConfigFile) -> Result<(), Failure> {
    let config = load(file)?;
    telemetry::init(&config.log_filter);
    Ok(runtime()?.block_on(serve::serve(config))?)
}

/// A verb's problems go out as JSON lines, so its status alone comes back; other commands are handed on.
fn verb(command: cli::Node) -> Result<ExitCode, cli::Node> {
    let (verb, card) = match command {
        cli::Node::Probe(card) => (Verb::Probe, card),
        cli::Node::WriteImage(card) => (Verb::WriteImage, card),
        cli::Node::Grow(card) => (Verb::Grow, card),
        cli::Node::Customise(card) => (Verb::Customise, card),
        cli::Node::Finish(card) => (Verb::Finish, card),
        cli::Node::Wipe(card) => (Verb::Wipe, card),
        other @ (cli::Node::Add { .. }
        | cli::Node::Explain { .. }
        | cli::Node::Replace { .. }
        | cli::Node::Rename { .. }
        | cli::Node::List(_)
        | cli::Node::OverlayInit { .. }) => {
            return Err(other);
        }
    };
    let (input, output) = (std::io::stdin().lock(), std::io::stdout().lock());
    Ok(node::run(verb, card.path.as_deref(), input, output).into())
}

fn node_command(command: cli::Node, out: &Output) -> Result<(), Failure> {
    match command {
        cli::Node::Add { node, config } => with(&config, |config| rack::add_node(config, *node, out)),
        cli::Node::Explain { name, json, config } => {
            with(&config, |config| explain::explain(config, name, json, out))
        }
        cli::Node::Replace { name, from_discovered, config } => {
            with(&config, |config| rack::replace_board(config, name, from_discovered, out))
        }
        cli::Node::Rename { rename, config } => with(&config, |config| rack::rename(config, rename, out)),
        cli::Node::List(config) => with(&config, |config| rack::list_nodes(config, out)),
        cli::Node::OverlayInit { arguments } => Err(node::overlay_init(&arguments).into()),
        cli::Node::Probe(_)
        | cli::Node::WriteImage(_)
        | cli::Node::Grow(_)
        | cli::Node::Customise(_)
        | cli::Node::Finish(_)
        | cli::Node::Wipe(_) => Ok(()),
    }
}
