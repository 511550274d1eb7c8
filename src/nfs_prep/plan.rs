//! What preparing the installer root does, step by step, before any of it is done. *Pure* but for one look at
//! what `--from` names.
//!
//! Called by the command line, which prints it or hands it to `apply`.

use super::Config;
use super::error::{Error, Result};
use super::settings::Setting;
use super::source::Source;
use std::fmt;
use std::path::{Path, PathBuf};

/// What a person asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `/`, a folder with a system, or an image.
    pub from: PathBuf,
    /// The copy of pimaster for the nodes.
    pub node_binary: PathBuf,
}

/// One step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Unpack the image, or link to it.
    Unpack,
    /// Take the root file system and the boot files out of the image.
    Extract,
    /// Look whether the system can install nodes.
    Check,
    /// Copy the system.
    Copy,
    /// Write files of pimaster's own.
    Write(Setting),
    /// Copy the boot files.
    Boot,
    /// Say that the root is whole.
    Finish,
}

/// The steps, and what they work on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub(super) source: Source,
    pub(super) config: Config,
    pub(super) node_binary: PathBuf,
    /// The steps in order.
    pub steps: Vec<Step>,
}

/// Plans a request.
pub fn plan(config: &Config, request: &Request) -> Result<Plan> {
    plan_for(config, Source::judge(&request.from)?, &request.node_binary)
}

fn plan_for(config: &Config, source: Source, node_binary: &Path) -> Result<Plan> {
    check_root(&config.root)?;
    if source == Source::Folder(config.root.clone()) {
        return Err(Error::refused(
            format!("{} is the installer root itself", config.root.display()),
            "another system to build it from",
            "Give `/`, another folder or an image.",
        ));
    }
    let mut steps = Vec::new();
    if matches!(source, Source::Image { .. }) {
        steps.extend([Step::Unpack, Step::Extract]);
    }
    steps.extend([Step::Check, Step::Copy]);
    steps.extend(Setting::ALL.map(Step::Write));
    steps.extend([Step::Boot, Step::Finish]);
    Ok(Plan { source, config: config.clone(), node_binary: node_binary.to_owned(), steps })
}

/// The path stands in a kernel command line and in an export: neither can quote.
/// Whether the installer root may lie there: its path goes into `exportfs` and every kernel command line.
pub fn check_root(root: &Path) -> Result<()> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_' | '.' | '+');
    let is_good = root.is_absolute()
        && root.parent().is_some()
        && root.to_str().is_some_and(|text| text.chars().all(is_plain) && !text.ends_with('/'))
        && !root.components().any(|part| part == std::path::Component::ParentDir);
    if is_good {
        return Ok(());
    }
    Err(Error::refused(
        format!("the installer root would be `{}`", root.display()),
        "an absolute path of letters, digits and - _ . + alone",
        "Change `nfs.root` in the settings file.",
    ))
}

impl Plan {
    /// Where the source is unpacked, when it is an image.
    pub(super) fn staging(&self) -> PathBuf {
        sibling(&self.config.root, "staging")
    }

    /// Held while the root is prepared.
    pub(super) fn lock(&self) -> PathBuf {
        sibling(&self.config.root, "lock")
    }

    /// What a step does, and why.
    pub fn describe(&self, step: Step) -> (String, &'static str) {
        let (root, data) = (self.config.root.display(), &self.config.data);
        match step {
            Step::Unpack => match &self.source {
                Source::Image { file, is_packed: true } => {
                    (format!("unpack {} into {}", file.display(), self.staging().display()), "to look inside")
                }
                Source::Image { file, .. } | Source::Folder(file) => {
                    (format!("open {}", file.display()), "to look inside")
                }
            },
            Step::Extract => (
                format!("take the root file system and the boot files out, into {}", self.staging().display()),
                "nothing is mounted, so nothing of the image runs or is trusted",
            ),
            Step::Check => (
                "check that it is a system with sshd and e2fsprogs, for the same processor as the nodes' pimaster".to_owned(),
                "an installation needs them",
            ),
            Step::Copy => (
                format!("copy the system to {root}, without logs, homes, keys, networks and enabled services"),
                "what nodes can read must open nothing, and what they start must harm nothing",
            ),
            Step::Write(Setting::Program) => (
                format!("install {} as {root}{}", self.node_binary.display(), crate::model::verb::NODE_BINARY),
                Setting::Program.words().1,
            ),
            Step::Write(Setting::Identity) => (
                format!("set the host name to {}, empty the machine id", self.config.host_name),
                Setting::Identity.words().1,
            ),
            Step::Write(setting) => (setting.words().0.to_owned(), setting.words().1),
            Step::Boot => (
                format!("copy the boot files to {}, bootcode.bin also to {}", data.tftp_installer().display(), data.tftp_shared().display()),
                "firmware fetches them by TFTP; cmdline.txt is generated for each node",
            ),
            Step::Finish => (format!("mark {root} as whole"), "only a whole root is exported"),
        }
    }
}

fn sibling(root: &Path, ending: &str) -> PathBuf {
    let mut name = root.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(ending);
    root.with_file_name(name)
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, step) in (1..).zip(&self.steps) {
            let (what, why) = self.describe(*step);
            writeln!(f, "{number:2}. {what}\n    ({why})")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Exports;
    use super::*;
    use crate::model::folder::DataFolder;

    fn config(root: &str) -> Config {
        Config {
            root: root.into(),
            data: DataFolder::new("/data"),
            host_name: "installer".to_owned(),
            exports: Exports::Off,
        }
    }

    #[test]
    fn plans_can_be_read() {
        let source = Source::Image { file: "/tmp/os.img.xz".into(), is_packed: true };
        let plan = plan_for(&config("/srv/root"), source, Path::new("/usr/bin/pimaster")).unwrap();
        insta::assert_snapshot!(plan.to_string());
        let folder = plan_for(&config("/srv/root"), Source::Folder("/".into()), Path::new("/p")).unwrap();
        assert_eq!(folder.steps.first(), Some(&Step::Check));
    }

    #[test]
    fn roots_that_cannot_be_exported_are_refused() {
        let judge = |root| plan_for(&config(root), Source::Folder("/".into()), Path::new("/p"));
        for root in ["/srv/pimaster/root", "/srv/r-1_2.3"] {
            assert!(judge(root).is_ok(), "{root}");
        }
        for root in ["/", "", "srv", "/srv/my root", "/srv/a,b", "/srv/a:b/\"", "/srv/../etc", "/srv/root/"] {
            assert!(judge(root).is_err(), "{root}");
        }
        let itself = plan_for(&config("/srv/r"), Source::Folder("/srv/r".into()), Path::new("/p"));
        assert!(itself.unwrap_err().to_string().contains("itself"));
    }
}
