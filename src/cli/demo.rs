//! What `pimaster demo` is told. *Clap definitions only.*

use clap::Args;
use std::path::PathBuf;

/// Options of the demonstration rack.
#[derive(Debug, Clone, Args)]
pub struct Demo {
    /// How many simulated boards.
    #[arg(long, default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..=250))]
    pub boards: u16,
    /// TCP port of the pages and the API.
    #[arg(long, default_value_t = 9000)]
    pub port: u16,
    /// Where everything is kept; used again on the next start.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// How many of them, the last ones, are not enrolled: they are on and show up under Discovered.
    #[arg(long, default_value_t = 0)]
    pub undiscovered: u16,
    /// How much faster than real the boards boot.
    #[arg(long, default_value_t = 1.0)]
    pub speed: f64,
    /// Written as JSON when everything is ready: url, sign_in_link, token, boards.
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
}
