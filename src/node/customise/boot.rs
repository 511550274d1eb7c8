//! The FAT boot partition. *IO: the card, through fatfs.*

use super::changes::{BootChange, Files};
use crate::node::card::Card;
use crate::node::stop::Stop;
use crate::node::window::Window;
use fatfs::{FileSystem, FsOptions};
use std::io::{self, Read, Write};

/// No boot file that is edited here is larger.
const LARGEST: u64 = 1 << 20;

/// An open boot partition.
pub(super) struct Boot<'a> {
    files: FileSystem<Window<'a>>,
}

impl<'a> Boot<'a> {
    /// Opens the partition in that range of the card.
    pub(super) fn open(card: &'a Card, start: u64, size: u64) -> Result<Self, Stop> {
        let files = FileSystem::new(Window::new(card, start, size), FsOptions::new()).map_err(|error| {
            Stop::pointless(
                format!("the boot partition at byte {start} cannot be opened: {error}"),
                "the FAT file system of the image",
                "Deploy again: the image is written anew.",
            )
        })?;
        Ok(Self { files })
    }

    /// Reads those of the named files that exist.
    pub(super) fn look(&self, names: &[&str]) -> Result<Files, Stop> {
        let mut found = Files::new();
        for name in names {
            if let Some(content) = self.read(name).map_err(|error| failed(name, &error))? {
                found.insert((*name).to_owned(), content);
            }
        }
        Ok(found)
    }

    fn read(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let file = match self.files.root_dir().open_file(name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let mut content = Vec::new();
        file.take(LARGEST).read_to_end(&mut content)?;
        Ok(Some(content))
    }

    /// Changes files and closes the partition.
    pub(super) fn apply(self, changes: &[BootChange]) -> Result<(), Stop> {
        for change in changes {
            match change {
                BootChange::Put { name, content } => {
                    self.put(name, content).map_err(|error| failed(name, &error))
                }
                BootChange::Remove { name } => self.remove(name).map_err(|error| failed(name, &error)),
            }?;
        }
        self.files.unmount().map_err(|error| failed("its end", &error))
    }

    fn put(&self, name: &str, content: &[u8]) -> io::Result<()> {
        if self.read(name)?.as_deref() == Some(content) {
            return Ok(());
        }
        let mut file = self.files.root_dir().create_file(name)?;
        file.truncate()?;
        file.write_all(content)?;
        file.flush()
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        match self.files.root_dir().remove(name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            removed => removed,
        }
    }
}

fn failed(name: &str, error: &io::Error) -> Stop {
    Stop::worthwhile(
        format!("`{name}` on the boot partition cannot be changed: {error}"),
        "a whole FAT file system with some free space",
        "Deploy again; if it fails again, look at the boot partition of the image.",
    )
}
