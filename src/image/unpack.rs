//! From a file of any kind to a disk: peels containers off until a partition table appears. *IO: files.*
//!
//! ```text
//! FILE ─ recognise ─► a disk: used where it lies
//!                └──► xz, gzip, zstd, tar, zip: decoded as a stream ─► recognise ─► ... ─► a disk: sparse file
//! ```
//!
//! Called by `import`, on its thread. Everything is judged by content; names only choose among the files of an
//! archive. What is no disk is refused after its first 512 bytes.

use super::container::{Container, HEAD_BYTES, recognise};
use super::decode::{self, Counted};
use super::error::{Error, Result};
use super::sparse::{Bounds, SparseFile};
use crate::model::problem::Problem;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Cursor, Read, Seek};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio_util::sync::CancellationToken;

/// Containers inside containers: `.zip` with an `.img.xz`, `.tar.gz`, and no deeper than a person would.
const DEEPEST: u32 = 4;
/// How much is decoded between two looks at the cancellation.
const STEP_BYTES: usize = 1024 * 1024;

/// Where the disk came to lie.
#[derive(Debug)]
pub(super) enum Unpacked {
    /// The file itself is the disk.
    InPlace,
    /// The disk is at the target.
    AtTarget,
}

/// One way from a file to a disk.
pub(super) struct Unpacking<'a> {
    /// The file to import, for messages.
    pub(super) source: &'a Path,
    /// Where an unpacked disk goes.
    pub(super) target: PathBuf,
    /// How far it may grow.
    pub(super) bounds: Bounds,
    /// Told how many bytes of the source are read.
    pub(super) progress: &'a dyn Fn(u64),
    /// Stops it.
    pub(super) cancel: &'a CancellationToken,
    /// Bytes of the source read so far.
    pub(super) read: &'a AtomicU64,
}

impl Unpacking<'_> {
    /// Finds the disk in the file.
    pub(super) fn run(&self, file: File) -> Result<Unpacked> {
        let mut reader = BufReader::with_capacity(STEP_BYTES, Counted { inner: file, read: self.read });
        let head = self.head(&mut reader)?;
        match recognise(&head) {
            Container::Disk => return Ok(Unpacked::InPlace),
            Container::Zip => {
                reader.rewind().map_err(|source| self.unreadable(source))?;
                self.zip(reader)?;
            }
            Container::Xz
            | Container::Gzip
            | Container::Zstd
            | Container::Tar
            | Container::Other(_)
            | Container::Unknown => self.peel(&head, Box::new(reader), DEEPEST)?,
        }
        Ok(Unpacked::AtTarget)
    }

    /// Decodes one layer; `head` was read from `rest` already.
    fn peel(&self, head: &[u8], rest: Box<dyn BufRead + '_>, deeper: u32) -> Result<()> {
        let stream = Cursor::new(head).chain(rest);
        let container = recognise(head);
        let inner: Box<dyn BufRead + '_> = match container {
            Container::Disk => return self.write(stream),
            Container::Tar => return self.tar(stream, deeper),
            Container::Xz => {
                decode::xz(stream).map_err(|error| Error::of_content("the xz stream", &error))?
            }
            Container::Gzip => decode::gzip(stream),
            Container::Zstd => {
                decode::zstd(stream).map_err(|error| Error::of_content("the zstd stream", &error))?
            }
            Container::Zip => return Err(not_an_image("a zip archive inside another container")),
            Container::Other(what) => return Err(not_an_image(what)),
            Container::Unknown => {
                return Err(not_an_image(&format!("a file that begins with {}", shown(head))));
            }
        };
        let Some(deeper) = deeper.checked_sub(1) else {
            return Err(not_an_image("containers nested deeper than expected"));
        };
        let mut inner = inner;
        let head = self.head(&mut inner)?;
        self.peel(&head, inner, deeper)
    }

    /// The one image of a tar archive; everything else in it is passed over.
    fn tar(&self, stream: impl Read, deeper: u32) -> Result<()> {
        let failed = |error: io::Error| Error::of_content("the tar archive", &error);
        let mut archive = tar::Archive::new(stream);
        let (mut found, mut names) = (0u32, Vec::new());
        for entry in archive.entries().map_err(failed)? {
            let entry = entry.map_err(failed)?;
            self.stop_if_cancelled()?;
            let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
            if !entry.header().entry_type().is_file() && !entry.header().entry_type().is_gnu_sparse() {
                continue;
            }
            let is_named_image = is_image_name(&name);
            names.push(name);
            // A shortened archive ends a file early without a word, so its size is held against the header's.
            let mut entry = BufReader::new(decode::Exactly { left: entry.size(), inner: entry });
            let head = self.head(&mut entry)?;
            if !is_named_image && recognise(&head) != Container::Disk {
                continue;
            }
            found += 1;
            if found > 1 {
                return Err(several(&names));
            }
            self.peel(&head, Box::new(entry), deeper.min(1))?;
        }
        if found == 0 {
            return Err(none(&names));
        }
        self.drain(archive.into_inner())
    }

    /// Reads to the end, where decoders hold what they gave against a checksum.
    fn drain(&self, mut stream: impl Read) -> Result<()> {
        let mut buffer = vec![0; STEP_BYTES];
        loop {
            self.stop_if_cancelled()?;
            if fill(&mut stream, &mut buffer).map_err(|error| self.content(&error))? == 0 {
                return Ok(());
            }
        }
    }

    /// The one image of a zip archive.
    fn zip<R: Read + Seek>(&self, reader: R) -> Result<()> {
        let mut archive = zip::ZipArchive::new(reader).map_err(decode::zip_error)?;
        let mut entries = Vec::new();
        for index in 0..archive.len() {
            let entry = archive.by_index_raw(index).map_err(decode::zip_error)?;
            let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
            if entry.is_file() && !name.starts_with("__MACOSX/") {
                entries.push((index, name));
            }
        }
        let names = || entries.iter().map(|(_, name)| name.clone()).collect::<Vec<_>>();
        let images: Vec<usize> =
            entries.iter().filter(|(_, name)| is_image_name(name)).map(|(index, _)| *index).collect();
        let index = match (images.as_slice(), entries.as_slice()) {
            ([index], _) | ([], [(index, _)]) => *index,
            ([], _) => return Err(none(&names())),
            ([..], _) => return Err(several(&names())),
        };
        let mut entry = BufReader::new(archive.by_index(index).map_err(decode::zip_error)?);
        let head = self.head(&mut entry)?;
        self.peel(&head, Box::new(entry), 1)
    }

    /// Copies a disk to the target.
    fn write(&self, mut stream: impl Read) -> Result<()> {
        let mut target = SparseFile::create(self.target.clone(), self.bounds)?;
        let mut buffer = vec![0; STEP_BYTES];
        loop {
            self.stop_if_cancelled()?;
            let size = fill(&mut stream, &mut buffer).map_err(|error| self.content(&error))?;
            (self.progress)(self.read.load(Ordering::Relaxed));
            if size == 0 {
                return target.finish().map(drop);
            }
            target.append(buffer.get(..size).unwrap_or_default())?;
        }
    }

    fn head(&self, stream: &mut dyn Read) -> Result<Vec<u8>> {
        let mut head = vec![0; HEAD_BYTES];
        let size = fill(stream, &mut head).map_err(|error| self.content(&error))?;
        head.truncate(size);
        Ok(head)
    }

    /// Decoders report what they see as errors without a number of the system; a failing disk has one.
    fn content(&self, error: &io::Error) -> Error {
        match error.raw_os_error() {
            Some(number) => self.unreadable(io::Error::from_raw_os_error(number)),
            None => Error::of_content("the compressed image", error),
        }
    }

    fn unreadable(&self, source: io::Error) -> Error {
        Error::Read { path: self.source.to_owned(), source }
    }

    fn stop_if_cancelled(&self) -> Result<()> {
        if self.cancel.is_cancelled() { Err(Error::Cancelled) } else { Ok(()) }
    }
}

/// Reads until the buffer is full or the stream ends.
fn fill(stream: &mut (impl Read + ?Sized), buffer: &mut [u8]) -> io::Result<usize> {
    let mut size = 0;
    while let Some(rest) = buffer.get_mut(size..).filter(|rest| !rest.is_empty()) {
        match stream.read(rest) {
            Ok(0) => break,
            Ok(read) => size += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(size)
}

fn is_image_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let file = name.rsplit('/').next().unwrap_or_default();
    let is_hidden = file.starts_with('.');
    !is_hidden && [".img", ".img.xz", ".img.gz", ".img.zst"].iter().any(|ending| file.ends_with(ending))
}

fn shown(head: &[u8]) -> String {
    if head.is_empty() {
        return "nothing: it is empty".to_owned();
    }
    let bytes = head.get(..head.len().min(16)).unwrap_or_default();
    format!("`{}`", bytes.escape_ascii())
}

fn not_an_image(what: &str) -> Error {
    Error::NotAnImage(Problem::new(
        format!("this is {what}"),
        "a disk image with a partition table (.img), plain or in .xz, .gz, .zst, .zip or .tar.gz",
        "Give the image that one writes to an SD card",
    ))
}

fn none(names: &[String]) -> Error {
    Error::NotAnImage(Problem::new(
        format!("the archive holds {}", listed(names)),
        "exactly one disk image (.img)",
        "Take the image out and import it alone",
    ))
}

fn several(names: &[String]) -> Error {
    Error::NotAnImage(Problem::new(
        format!("the archive holds several images: {}", listed(names)),
        "exactly one disk image (.img)",
        "Take out the one you want and import it alone",
    ))
}

fn listed(names: &[String]) -> String {
    match names.len() {
        0 => "no file".to_owned(),
        1..=5 => names.join(", "),
        more => {
            format!("{} and {} more", names.iter().take(5).cloned().collect::<Vec<_>>().join(", "), more - 5)
        }
    }
}
