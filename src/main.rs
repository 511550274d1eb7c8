//! The command line's door: parse, run, map the error to an exit code.

use clap::Parser;
use pimaster::{cli::Cli, commands};
use std::process::ExitCode;

// musl's own allocator is 20 times slower with several threads, and static builds use musl.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match Cli::try_parse() {
        Ok(cli) => commands::run(cli),
        Err(error) => {
            let usage = error.use_stderr();
            // Nothing is left to tell when neither output can be written to.
            drop(error.print());
            if usage { ExitCode::from(commands::EXIT_USAGE) } else { ExitCode::SUCCESS }
        }
    }
}
