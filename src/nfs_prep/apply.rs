//! A plan carried out. *IO: the installer root, the data folder's `tftp/`, the source.*
//!
//! Called by the command line. The mark of a whole root goes away first and comes back last: a root that is being
//! prepared, or whose preparation was interrupted, is exported to nobody new.

use super::copy::{Copied, Mirror};
use super::error::{Error, Result};
use super::files::{self, failed};
use super::plan::{Plan, Step};
use super::settings::{self, Content, Inputs, Own, PREPARED, Setting};
use super::source::{self, Source};
use super::{Listener, extract, firmware, rules, unpack};
use crate::keys::KeyFolder;
use crate::model::ssh_key::PublicKey;
use nix::fcntl::{Flock, FlockArg};
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// Something to show while a plan is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A step begins: its index in the plan's steps.
    Step(usize),
    /// So much of the image is unpacked.
    Unpacked {
        /// Bytes.
        bytes: u64,
    },
    /// So much was copied in this step.
    Copied {
        /// Files.
        files: u64,
        /// Bytes.
        bytes: u64,
    },
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// What happened to the system's files.
    pub system: Copied,
    /// What happened to the boot files.
    pub boot: Copied,
    /// The installer's host key.
    pub host_key: PublicKey,
    /// What a person should look at, beside the keys that were left out.
    pub notes: Vec<String>,
}

/// Carries a plan out.
pub fn apply(plan: &Plan, keys: &KeyFolder, listener: Listener<'_>) -> Result<Report> {
    let root = &plan.config.root;
    if let Some(parent) = root.parent() {
        fs::create_dir_all(parent).map_err(failed("create the folder", parent))?;
    }
    let _lock = lock(plan)?;
    // A run that was killed leaves it.
    files::remove(&plan.staging())?;
    let _staging = Staging(plan.staging());
    let mut work = Work { plan, inputs: None, system: Copied::default(), boot: Copied::default(), listener };
    for (index, step) in plan.steps.iter().enumerate() {
        (work.listener)(Event::Step(index));
        work.step(*step, keys)?;
    }
    files::remove(&plan.staging())?;
    let host_key = keys.installer_host()?.public;
    let notes = work.notes();
    Ok(Report { system: work.system, boot: work.boot, host_key, notes })
}

fn lock(plan: &Plan) -> Result<Flock<File>> {
    let path = plan.lock();
    let file = File::options().create(true).append(true).open(&path).map_err(failed("write", &path))?;
    Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|(_, errno)| {
        if errno == nix::errno::Errno::EWOULDBLOCK {
            return Error::refused(
                format!("another `nfs prepare` is at work on {}", plan.config.root.display()),
                "one at a time",
                "Wait for it to end.",
            );
        }
        failed("lock", &path)(errno.into())
    })
}

/// The staging folder, which goes away whatever comes of the plan.
struct Staging(PathBuf);

impl Drop for Staging {
    fn drop(&mut self) {
        if let Err(error) = files::remove(&self.0) {
            tracing::warn!(folder = %self.0.display(), %error, "the staging folder stays; remove it");
        }
    }
}

struct Work<'a> {
    plan: &'a Plan,
    inputs: Option<Inputs>,
    system: Copied,
    boot: Copied,
    listener: Listener<'a>,
}

impl Work<'_> {
    fn step(&mut self, step: Step, keys: &KeyFolder) -> Result<()> {
        match step {
            Step::Unpack => self.unpack(),
            Step::Extract => extract::extract(&self.plan.staging()),
            Step::Check => self.check(keys),
            Step::Copy => self.copy(),
            Step::Write(setting) => self.write(setting),
            Step::Boot => self.copy_boot(),
            Step::Finish => {
                let content = Content::Text {
                    text: concat!("pimaster ", env!("CARGO_PKG_VERSION"), "\n").to_owned(),
                    mode: 0o644,
                };
                files::place(&self.plan.config.root, &Own { path: PREPARED.to_owned(), content })
            }
        }
    }

    fn unpack(&mut self) -> Result<()> {
        let Source::Image { file, is_packed } = &self.plan.source else { return Ok(()) };
        let staging = self.plan.staging();
        DirBuilder::new().mode(0o700).create(&staging).map_err(failed("create the folder", &staging))?;
        unpack::unpack(file, *is_packed, &staging, self.listener)
    }

    /// Where the system to be copied lies, and its boot files.
    fn folders(&self) -> Result<(PathBuf, PathBuf)> {
        match &self.plan.source {
            Source::Folder(folder) => Ok((folder.clone(), source::boot_folder(folder)?)),
            Source::Image { .. } => {
                let staging = self.plan.staging();
                Ok((staging.join(extract::ROOT), staging.join(extract::BOOT)))
            }
        }
    }

    fn check(&mut self, keys: &KeyFolder) -> Result<()> {
        let (system, _) = self.folders()?;
        source::check_system(&system, &self.plan.node_binary)?;
        let read = |path: &str| {
            let path = system.join(path);
            fs::read_to_string(&path).map_err(failed("read", &path))
        };
        let gshadow = system.join("etc/gshadow");
        self.inputs = Some(Inputs {
            host_name: self.plan.config.host_name.clone(),
            host_key: keys.installer_host()?,
            pimaster: keys.pimaster()?.public,
            passwd: read("etc/passwd")?,
            shadow: read("etc/shadow")?,
            gshadow: if gshadow.exists() { Some(read("etc/gshadow")?) } else { None },
            node_binary: self.plan.node_binary.clone(),
        });
        Ok(())
    }

    fn copy(&mut self) -> Result<()> {
        let (from, _) = self.folders()?;
        let config = &self.plan.config;
        files::remove(&config.root.join(PREPARED))?;
        let excluded = [real(&config.root), self.plan.staging(), self.plan.lock(), real(config.data.root())];
        let mirror = Mirror {
            from: &from,
            to: &config.root,
            fate: rules::of_root,
            excluded: &excluded,
            is_system: true,
        };
        self.system = mirror.run(self.listener)?;
        Ok(())
    }

    fn write(&mut self, setting: Setting) -> Result<()> {
        let Some(inputs) = &self.inputs else { return Ok(()) };
        settings::files(setting, inputs).iter().try_for_each(|own| files::place(&self.plan.config.root, own))
    }

    fn copy_boot(&mut self) -> Result<()> {
        let (_, from) = self.folders()?;
        let data = &self.plan.config.data;
        let to = data.tftp_installer();
        let mirror = Mirror { from: &from, to: &to, fate: rules::of_boot, excluded: &[], is_system: false };
        self.boot = mirror.run(self.listener)?;
        let (bootcode, shared) = (to.join("bootcode.bin"), data.tftp_shared());
        fs::create_dir_all(&shared).map_err(failed("create the folder", &shared))?;
        match fs::metadata(&bootcode) {
            Ok(metadata) => files::copy(&bootcode, &metadata, &shared.join("bootcode.bin"), 0o644).map(drop),
            // Systems for the Pi 4 and 5 alone have none.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(failed("read", &bootcode)(error)),
        }
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        if files::root_if_root().is_none() {
            notes.push(
                "pimaster does not run as root: all files belong to you, and sshd on nodes will refuse them"
                    .to_owned(),
            );
        }
        let boot = self.plan.config.data.tftp_installer();
        notes.extend(firmware::mismatches(&boot));
        let config = fs::read_to_string(boot.join("config.txt"));
        let other = config.unwrap_or_default().lines().map(str::trim).any(|line| {
            line.strip_prefix("cmdline=").is_some_and(|name| !name.trim().ends_with("cmdline.txt"))
        });
        if other {
            notes.push(
                "config.txt names a command line of its own (`cmdline=`); remove that line, or nodes will not find the NFS root"
                    .to_owned(),
            );
        }
        notes
    }
}

/// The path that the source's own path begins with, whatever links lead to it.
fn real(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}
