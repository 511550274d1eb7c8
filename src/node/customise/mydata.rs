//! piCore's backup archive, `mydata.tgz`: the files that survive a restart of a system that runs from RAM. *Pure.*

use super::changes::Owner;
use flate2::Compression;
use flate2::read::GzDecoder;
use flate2::write::GzEncoder;
use std::collections::BTreeMap;
use std::io::{self, Read};
use std::path::Path;
use tar::{Archive, Builder, EntryType, Header};

/// An archive's entries in memory, by path without a leading `./`.
#[derive(Default)]
pub(super) struct MyData {
    entries: BTreeMap<String, (Header, Vec<u8>)>,
}

impl MyData {
    /// Unpacks an archive.
    pub(super) fn decode(archive: &[u8]) -> io::Result<Self> {
        let mut entries = BTreeMap::new();
        for entry in Archive::new(GzDecoder::new(archive)).entries()? {
            let mut entry = entry?;
            let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            let link = entry.link_name_bytes().map(|name| name.into_owned());
            let mut header = entry.header().clone();
            if let Some(link) = link {
                header.set_link_name_literal(String::from_utf8_lossy(&link).as_ref())?;
            }
            let mut content = Vec::new();
            entry.read_to_end(&mut content)?;
            entries.insert(plain(&path), (header, content));
        }
        Ok(Self { entries })
    }

    /// Packs the archive again.
    pub(super) fn encode(&self) -> io::Result<Vec<u8>> {
        let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::default()));
        for (path, (header, content)) in &self.entries {
            let mut header = header.clone();
            header.set_size(content.len() as u64);
            match header.link_name_bytes().map(|name| name.into_owned()) {
                Some(link) if matches!(header.entry_type(), EntryType::Symlink | EntryType::Link) => {
                    let target = String::from_utf8_lossy(&link).into_owned();
                    builder.append_link(&mut header, path, Path::new(&target))?;
                }
                Some(_) | None => builder.append_data(&mut header, path, content.as_slice())?,
            }
        }
        builder.into_inner()?.finish()
    }

    /// A file's text.
    pub(super) fn text(&self, path: &str) -> Option<String> {
        let (_, content) = self.entries.get(path)?;
        Some(String::from_utf8_lossy(content).into_owned())
    }

    /// The paths in it.
    pub(super) fn paths(&self) -> Vec<String> {
        self.entries.keys().cloned().collect()
    }

    /// Sets a file and the folders above it, which are made root's if they are not there.
    pub(super) fn put(&mut self, path: &str, content: impl Into<Vec<u8>>, owner: Owner) {
        for (at, _) in path.match_indices('/') {
            if let Some(folder) = path.get(..at).filter(|folder| !self.entries.contains_key(*folder)) {
                self.folder(folder, Owner::root(0o755));
            }
        }
        self.entries.insert(path.to_owned(), (header(EntryType::Regular, owner), content.into()));
    }

    /// Sets a folder.
    pub(super) fn folder(&mut self, path: &str, owner: Owner) {
        self.entries.insert(path.to_owned(), (header(EntryType::Directory, owner), Vec::new()));
    }

    /// Takes something out.
    pub(super) fn remove(&mut self, path: &str) {
        self.entries.remove(path);
    }
}

fn plain(path: &str) -> String {
    path.trim_start_matches("./").trim_matches('/').to_owned()
}

fn header(kind: EntryType, owner: Owner) -> Header {
    let mut header = Header::new_ustar();
    header.set_entry_type(kind);
    header.set_mode(owner.mode);
    header.set_uid(u64::from(owner.uid));
    header.set_gid(u64::from(owner.gid));
    header.set_mtime(0);
    header
}
