//! Runs the commands of the command line; one file per noun. *IO: the database, files, standard output.*
//!
//! Called by `main`. Exit status: 0 done, 1 could not be done, 64 the settings or the options are wrong.

mod rack;

use crate::cli::{Cli, Command, ConfigFile};
use crate::config::Config;
use crate::store::Store;
use anyhow::Context;
use std::fmt;
use std::io::Write;
use std::process::ExitCode;

/// The status for wrong settings or options (`EX_USAGE` of sysexits.h).
pub const EXIT_USAGE: u8 = 64;

/// Where a command writes what it found.
pub(crate) struct Output<'a>(&'a mut dyn Write);

impl Output<'_> {
    /// Writes one line.
    pub(crate) fn line(&mut self, text: fmt::Arguments<'_>) -> anyhow::Result<()> {
        writeln!(self.0, "{text}").context("cannot write to standard output")
    }
}

fn open_store(config: &Config) -> anyhow::Result<Store> {
    let folder = config.data.root();
    std::fs::create_dir_all(folder).with_context(|| format!("cannot create the data folder {}", folder.display()))?;
    Ok(Store::open(&config.data.database())?)
}
