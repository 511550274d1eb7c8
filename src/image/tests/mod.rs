//! Tests of the whole way: import real small images, serve them, break them.

mod containers;
mod free_blocks;
mod imports;
mod refusals;
mod serving;

use super::fixture::Recipe;
use super::import::{Imported, Request, USUAL_LIMIT_BYTES, import, read_manifest};
use super::{Error, Result};
use crate::model::folder::DataFolder;
use crate::model::ids::EnvironmentId;
use crate::model::image::Digest;
use crate::store::Store;
use std::fs;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

/// A data folder with a database, and a folder for sources beside it.
struct Bench {
    folder: TempDir,
    data: DataFolder,
    store: Store,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = DataFolder::new(folder.path().join("data"));
        fs::create_dir(data.root()).unwrap();
        let store = Store::open(&data.database()).unwrap();
        Self { folder, data, store }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn image(&self) -> PathBuf {
        Recipe::default().make(self.folder.path())
    }

    async fn import(&self, file: &Path) -> Result<Imported> {
        self.import_as(file, "test").await
    }

    async fn import_as(&self, file: &Path, name: &str) -> Result<Imported> {
        let never = CancellationToken::new();
        import(&self.store, &self.data, request(file, name), |_| (), &never).await
    }

    /// The refusal's text; and nothing may be left.
    async fn refusal(&self, file: &Path) -> String {
        let error = self.import(file).await.unwrap_err();
        self.assert_nothing_left().await;
        error.to_string()
    }

    async fn assert_nothing_left(&self) {
        assert_eq!(super::list(&self.store).await.unwrap(), []);
        if let Ok(entries) = fs::read_dir(self.data.images()) {
            let left: Vec<_> =
                entries.map(|entry| entry.unwrap().file_name()).filter(|name| name != ".lock").collect();
            assert!(left.is_empty(), "{left:?}");
        }
    }

    /// Writes the chunks over a card full of garbage.
    fn rebuild(&self, id: EnvironmentId) -> PathBuf {
        let manifest = read_manifest(&self.data, id).unwrap();
        let chunks = fs::read(self.data.image_chunks(id)).unwrap();
        assert_eq!(chunks.len() as u64, manifest.stored_bytes);
        let card = self.path("card");
        fs::write(&card, vec![0xaa; usize::try_from(manifest.disk_bytes).unwrap()]).unwrap();
        let file = fs::File::options().write(true).open(&card).unwrap();
        for chunk in &manifest.chunks {
            let (start, size) = (chunk.stored_offset as usize, chunk.stored_bytes as usize);
            let bytes = zstd::bulk::decompress(&chunks[start..start + size], 1 << 20).unwrap();
            assert_eq!(bytes.len(), chunk.disk_bytes as usize);
            assert_eq!(Digest::of(&bytes), chunk.digest);
            file.write_all_at(&bytes, chunk.disk_offset).unwrap();
        }
        card
    }
}

fn request(file: &Path, name: &str) -> Request {
    Request {
        file: file.to_owned(),
        name: name.to_owned(),
        description: None,
        ssh_user: None,
        limit_bytes: USUAL_LIMIT_BYTES,
    }
}

/// Whether the text names what was seen, what was expected and what to do.
fn assert_says(text: &str, parts: &[&str]) {
    for part in parts.iter().chain(&["expected"]) {
        assert!(text.contains(part), "`{part}` is missing in: {text}");
    }
    assert!(text.trim_end_matches('.').contains(". "), "no advice in: {text}");
}

#[test]
fn errors_of_io_name_the_file() {
    let source = std::io::Error::from(std::io::ErrorKind::NotFound);
    let error = Error::Read { path: PathBuf::from("/a/b.img"), source };
    assert!(error.to_string().contains("/a/b.img"));
}
