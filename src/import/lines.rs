//! The lines of dnsmasq's configuration, with the files it includes. *IO: reads files.*

use super::Error;
use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

/// One setting: `key=value` or a word alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// File and line number, `dnsmasq.conf:12`.
    pub(super) origin: String,
    /// The setting's name.
    pub(super) key: String,
    /// What it is set to; empty for a word alone.
    pub(super) value: String,
}

/// Reads a file and those it includes, relative ones beside the file that names them; each once.
pub fn read(file: &Path) -> Result<Vec<Line>, Error> {
    let mut reader = Reader { seen: HashSet::new(), lines: Vec::new() };
    reader.config(file, "the command line")?;
    Ok(reader.lines)
}

struct Reader {
    seen: HashSet<PathBuf>,
    lines: Vec<Line>,
}

impl Reader {
    fn config(&mut self, file: &Path, origin: &str) -> Result<(), Error> {
        for (origin, text) in self.text(file, origin)? {
            let (key, value) = text.split_once('=').unwrap_or((&text, ""));
            let (key, value) = (key.trim().to_owned(), value.trim().to_owned());
            let beside = |name: &str| file.parent().unwrap_or(Path::new(".")).join(name);
            match key.as_str() {
                "conf-file" => self.config(&beside(&value), &origin)?,
                "conf-dir" => self.folder(&value, beside, &origin)?,
                "dhcp-hostsfile" | "addn-hosts" => {
                    let inner = if key == "addn-hosts" { "addn-hosts" } else { "dhcp-host" };
                    for (origin, value) in self.text(&beside(&value), &origin)? {
                        self.lines.push(Line { origin, key: inner.to_owned(), value });
                    }
                }
                _ => self.lines.push(Line { origin, key, value }),
            }
        }
        Ok(())
    }

    /// `folder,.bak` leaves files out by their end, `folder,*.conf` takes those alone (dnsmasq(8), conf-dir).
    fn folder(&mut self, value: &str, beside: impl Fn(&str) -> PathBuf, origin: &str) -> Result<(), Error> {
        let mut words = value.split(',').map(str::trim);
        let folder = beside(words.next().unwrap_or_default());
        let ends: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        let taken = |name: &str| {
            let only: Vec<&str> = ends.iter().filter_map(|end| end.strip_prefix('*')).collect();
            let skipped = ends.iter().any(|end| !end.starts_with('*') && name.ends_with(end));
            let hidden = name.starts_with(['.', '#']) || name.ends_with('~');
            !hidden && !skipped && (only.is_empty() || only.iter().any(|end| name.ends_with(end)))
        };
        let failed = |source| Error::Read { path: folder.clone(), origin: origin.to_owned(), source };
        let entries = fs::read_dir(&folder).map_err(failed)?;
        let mut files: Vec<PathBuf> =
            entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
        files.sort();
        for file in files.iter().filter(|file| file.is_file()) {
            if file.file_name().and_then(OsStr::to_str).is_some_and(taken) {
                self.config(file, origin)?;
            }
        }
        Ok(())
    }

    /// The lines of a file that say something, each with its origin; nothing if the file was read before.
    fn text(&mut self, file: &Path, origin: &str) -> Result<Vec<(String, String)>, Error> {
        let failed = |source| Error::Read { path: file.to_owned(), origin: origin.to_owned(), source };
        if !self.seen.insert(fs::canonicalize(file).map_err(failed)?) {
            return Ok(Vec::new());
        }
        let bytes = fs::read(file).map_err(failed)?;
        let name = file.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let lines = text
            .lines()
            .enumerate()
            .map(|(number, line)| (format!("{name}:{}", number + 1), uncommented(line)));
        Ok(lines.filter(|(_, line)| !line.is_empty()).collect())
    }
}

/// A `#` at the beginning or after a space starts a comment, unless it is quoted.
fn uncommented(line: &str) -> String {
    let (mut quoted, mut before) = (false, ' ');
    let end = line.char_indices().find(|(_, letter)| {
        let ends = *letter == '#' && !quoted && before.is_whitespace();
        quoted ^= *letter == '"';
        before = *letter;
        ends
    });
    line.get(..end.map_or(line.len(), |(at, _)| at)).unwrap_or(line).trim().to_owned()
}
