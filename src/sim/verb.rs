//! Runs a node verb on a board's card: the real program as a process of its own, with what only a real board
//! could tell (serial number, boot id) put into its lines, and the board's faults. *IO: a process; the card.*

use super::board::Board;
use super::proxy::{Cable, Proxy};
use super::ssh::Terminal;
use super::status::{Stage, Work};
use super::tools;
use super::worn;
use crate::model::verb::{After, FinishArgs, Phase, Verb, VerbLine, WriteImageArgs};
use std::fs::File;
use std::io;
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

/// More arguments than any verb takes.
const LONGEST_ARGUMENTS: u64 = 4 << 20;
/// Where the process id of a running verb is kept, below the board's folder.
const PID_FILE: &str = "verb.pid";
const LOG_FILE: &str = "verb.log";
/// BOOT_ORDER of the simulated EEPROMs: network, card, and again.
const NETWORK_FIRST: u32 = 0xf12;
/// A verb prints a line or two each second.
const LINES_WAITING: usize = 16;

/// How a verb ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ended {
    /// The process's exit status.
    pub(super) status: u32,
    /// What the board does next.
    pub(super) after: After,
}

/// Runs a verb; an error means that the connection or the process broke.
pub(super) async fn run(
    board: &Board,
    verb: Verb,
    boot_id: &str,
    terminal: &mut Terminal<'_>,
) -> io::Result<Ended> {
    let arguments = read_arguments(verb, terminal).await?;
    let busy = board.status.span(Work::Verb);
    board.status.set_stage(Stage::Verb(verb.as_str()));
    let faults = board.status.faults();
    let (arguments, after) = adapt(verb, arguments)?;
    let cable = Cable { spoils: faults.wrong_digest, bytes_per_second: board.settings.pace.card_rate() };
    let mut proxy = None;
    let arguments = if verb == Verb::WriteImage && cable != Cable::PERFECT {
        let (started, arguments) = through_proxy(board, cable, arguments).await?;
        proxy = started;
        arguments
    } else {
        arguments
    };
    let is_worn = verb == Verb::WriteImage && faults.bad_sector;
    let outcome = if is_worn {
        run_worn(board, arguments, terminal).await
    } else {
        run_program(board, verb, boot_id, &arguments, terminal).await
    };
    drop(proxy);
    drop(busy);
    board.status.set_stage(Stage::Installer);
    let status = outcome?;
    Ok(Ended { status, after: if status == 0 { after } else { After::Stay } })
}

async fn run_program(
    board: &Board,
    verb: Verb,
    boot_id: &str,
    arguments: &[u8],
    terminal: &mut Terminal<'_>,
) -> io::Result<u32> {
    let mut child = spawn(board, verb)?;
    let group = Group(child.id());
    if let Some(mut input) = child.stdin.take() {
        input.write_all(arguments).await?;
    }
    let Some(output) = child.stdout.take() else { return Err(io::ErrorKind::BrokenPipe.into()) };
    let mut lines = BufReader::new(output).lines();
    while let Some(line) = lines.next_line().await? {
        let line = if verb == Verb::Probe { as_board(board, boot_id, &line) } else { line };
        relay(board, &line, terminal).await?;
    }
    let status = child.wait().await?;
    drop(group);
    drop(std::fs::remove_file(folder(board).join(PID_FILE)));
    Ok(status.code().and_then(|code| u32::try_from(code).ok()).unwrap_or(255))
}

async fn run_worn(board: &Board, arguments: Vec<u8>, terminal: &mut Terminal<'_>) -> io::Result<u32> {
    let (sender, mut lines) = mpsc::channel(LINES_WAITING);
    let card = board.card.path().to_owned();
    let running = terminal.tasks.spawn_blocking(move || worn::write_image(&card, &arguments, sender));
    while let Some(line) = lines.recv().await {
        relay(board, &line, terminal).await?;
    }
    running.await.map_err(io::Error::other)?
}

async fn read_arguments(verb: Verb, terminal: &mut Terminal<'_>) -> io::Result<Vec<u8>> {
    let mut arguments = Vec::new();
    match verb {
        Verb::Probe | Verb::Wipe => {}
        Verb::WriteImage | Verb::Grow | Verb::Customise | Verb::Finish => {
            (&mut terminal.input).take(LONGEST_ARGUMENTS).read_to_end(&mut arguments).await?;
        }
    }
    Ok(arguments)
}

/// `finish` must never restart the machine that the simulator runs on: the board itself does what it asks.
fn adapt(verb: Verb, arguments: Vec<u8>) -> io::Result<(Vec<u8>, After)> {
    if verb != Verb::Finish {
        return Ok((arguments, After::Stay));
    }
    match serde_json::from_slice::<FinishArgs>(&arguments) {
        Ok(asked) => Ok((serde_json::to_vec(&FinishArgs { then: After::Stay })?, asked.then)),
        // The verb itself says what is wrong with them.
        Err(_) => Ok((arguments, After::Stay)),
    }
}

/// Arguments that nobody can read go on as they are: the verb itself says what is wrong with them.
async fn through_proxy(
    board: &Board,
    cable: Cable,
    arguments: Vec<u8>,
) -> io::Result<(Option<Proxy>, Vec<u8>)> {
    let Ok(mut image) = serde_json::from_slice::<WriteImageArgs>(&arguments) else {
        return Ok((None, arguments));
    };
    let (proxy, url) = Proxy::start(cable, board.spec.address, &image.url).await?;
    image.url = url;
    Ok((Some(proxy), serde_json::to_vec(&image)?))
}

fn spawn(board: &Board, verb: Verb) -> io::Result<Child> {
    let log = File::options().create(true).append(true).open(folder(board).join(LOG_FILE))?;
    // A board's work must not take the processor from the daemon, which would have one of its own.
    let mut command = Command::from(tools::command("nice"));
    let child = command
        .args(["-n", "10"])
        .arg(&board.settings.node_program)
        .args(["node", verb.as_str(), "--card"])
        .arg(board.card.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(log)
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    if let Some(pid) = child.id() {
        std::fs::write(folder(board).join(PID_FILE), pid.to_string())?;
    }
    Ok(child)
}

async fn relay(board: &Board, line: &str, terminal: &mut Terminal<'_>) -> io::Result<()> {
    let is_writing = matches!(
        serde_json::from_str(line),
        Ok(VerbLine::Progress { phase: Phase::Write, done_bytes: 1.., .. })
    );
    if is_writing && board.status.drops_ssh() {
        terminal.cut.cancel();
        return Err(io::ErrorKind::ConnectionReset.into());
    }
    terminal.output.write_all(line.as_bytes()).await?;
    terminal.output.write_all(b"\n").await?;
    terminal.output.flush().await
}

/// A probe's report speaks of this machine; the board's own facts go in.
fn as_board(board: &Board, boot_id: &str, line: &str) -> String {
    let Ok(VerbLine::Done { mut report }) = serde_json::from_str(line) else { return line.to_owned() };
    let identity = &board.spec.identity;
    if let Some(fields) = report.as_object_mut() {
        let facts = [
            ("host_name", "installer".to_owned()),
            ("model", format!("{} (simulated)", identity.model.shown())),
            ("serial", format!("10000000{}", identity.serial)),
            ("revision", identity.revision.to_string()),
            ("boot_id", boot_id.to_owned()),
        ];
        fields.extend(facts.map(|(name, value)| (name.to_owned(), value.into())));
        let falls_through = identity.model.firmware().falls_through_to_card();
        fields.insert("boot_order".to_owned(), falls_through.then_some(NETWORK_FIRST).into());
        fields.insert("memory_mib".to_owned(), identity.revision.memory_mib().into());
    }
    serde_json::to_string(&VerbLine::Done { report }).unwrap_or_else(|_| line.to_owned())
}

/// A verb and the programs that it started; ends with whoever holds it, as a power cut ends them all.
struct Group(Option<u32>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0.and_then(|pid| i32::try_from(pid).ok()) {
            kill_group(leader);
        }
    }
}

fn kill_group(leader: i32) {
    // It may have ended by itself just now.
    let _ = nix::sys::signal::killpg(nix::unistd::Pid::from_raw(leader), nix::sys::signal::Signal::SIGKILL);
}

fn folder(board: &Board) -> std::path::PathBuf {
    board.settings.folder.join(board.spec.name.as_str())
}

/// Ends a verb that outlived a killed simulator: it would write to the card of a board without power.
pub(super) fn end_leftover(folder: &Path, card: &Path) {
    let file = folder.join(PID_FILE);
    let Some(pid) = std::fs::read_to_string(&file).ok().and_then(|text| text.trim().parse::<i32>().ok())
    else {
        return;
    };
    let command = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let card = card.as_os_str().as_encoded_bytes();
    if command.split(|byte| *byte == 0).any(|word| word == card) {
        kill_group(pid);
    }
    drop(std::fs::remove_file(file));
}
