//! A virtual machine by its serial console: what it prints, and what one types. *IO: QEMU, user-mode Linux.*

use anyhow::{Context, Result, bail};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// A machine that boots takes half a minute on two busy cores; what takes longer is ended.
const LONGEST_SECONDS: &str = "180";

/// A running machine.
pub(crate) struct Console {
    name: String,
    child: Child,
    input: ChildStdin,
    output: ChildStdout,
    log: File,
    unread: String,
}

impl Console {
    /// Starts QEMU with the serial console on its standard input and output.
    pub(crate) fn qemu(folder: &Path, name: &str, program: &str, arguments: &[&str]) -> Result<Self> {
        let plain = ["-nodefaults", "-nographic", "-serial", "stdio", "-accel", "tcg,thread=multi"];
        Self::start(folder, name, program, &[&plain, arguments].concat())
    }

    /// Starts a program that has its console on standard input and output; a copy of what is printed goes to a log.
    pub(crate) fn start(folder: &Path, name: &str, program: &str, arguments: &[&str]) -> Result<Self> {
        let mut machine = Command::new("setpriv");
        machine.args(["--pdeathsig", "KILL", "timeout", "--foreground", LONGEST_SECONDS, program]);
        let errors = File::create(folder.join(format!("{name}-errors.log")))?;
        machine.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(errors);
        let mut child = machine.spawn().with_context(|| format!("cannot start {program}"))?;
        let (input, output) =
            (child.stdin.take().context("no input")?, child.stdout.take().context("no output")?);
        let log = File::create(folder.join(format!("{name}.log")))?;
        Ok(Self { name: name.to_owned(), child, input, output, log, unread: String::new() })
    }

    /// Waits until it prints that text; what stood before it.
    pub(crate) fn until(&mut self, text: &str) -> Result<String> {
        loop {
            if let Some((before, after)) = self.unread.split_once(text) {
                let (before, after) = (before.to_owned(), after.to_owned());
                self.unread = after;
                return Ok(before);
            }
            if self.read()? == 0 {
                bail!("{} ended before it printed {text:?}; its last words: {}", self.name, self.unread);
            }
        }
    }

    /// Types a line.
    pub(crate) fn type_line(&mut self, text: &str) -> Result<()> {
        Ok(self.input.write_all(format!("{text}\n").as_bytes())?)
    }

    /// Waits until it has switched itself off; what it printed.
    pub(crate) fn until_off(mut self) -> Result<String> {
        while self.read()? > 0 {}
        let status = self.child.wait()?;
        if !status.success() {
            bail!("{} ended with {status}", self.name);
        }
        Ok(std::mem::take(&mut self.unread))
    }

    fn read(&mut self) -> Result<usize> {
        let mut buffer = [0; 4096];
        let bytes = self.output.read(&mut buffer)?;
        let read = buffer.get(..bytes).unwrap_or_default();
        self.log.write_all(read)?;
        self.unread.push_str(&String::from_utf8_lossy(read));
        Ok(bytes)
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
