//! Where things lie under the data folder. *Pure:* only names paths.
//!
//! ```text
//! data/
//!   pimaster.db              the database
//!   keys/                    secrets, mode 0700
//!   images/<id>/chunks.zst   zstd frames of an environment's used blocks
//!   images/<id>/manifest.json
//!   images/<id>/boot/        its boot partition's files, for boot target `environment`
//!   incoming/                images that administrators put there, to import on a page
//!   uploads/<import>         files that people send, until they are imported
//!   tftp/installer/          boot files of the installer (kernel, device trees, firmware, config.txt)
//!   tftp/shared/             files every board may ask for without a prefix (bootcode.bin)
//!   tftp/devices/            boot files of other devices (iPXE, U-Boot scripts, ...), put there by people
//! ```

use super::ids::{EnvironmentId, ImportId};
use std::path::{Path, PathBuf};

/// The data folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataFolder {
    root: PathBuf,
}

impl DataFolder {
    /// The folder at that path.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self { root: root.into() }
    }

    /// The folder itself.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The database file.
    pub fn database(&self) -> PathBuf {
        self.root.join("pimaster.db")
    }

    /// The folder of all images.
    pub fn images(&self) -> PathBuf {
        self.root.join("images")
    }

    /// The folder of one environment's image.
    pub fn image(&self, id: EnvironmentId) -> PathBuf {
        self.images().join(id.to_string())
    }

    /// The zstd frames of one environment's image.
    pub fn image_chunks(&self, id: EnvironmentId) -> PathBuf {
        self.image(id).join("chunks.zst")
    }

    /// The manifest of one environment's image.
    pub fn image_manifest(&self, id: EnvironmentId) -> PathBuf {
        self.image(id).join("manifest.json")
    }

    /// The boot partition's files of one environment.
    pub fn image_boot(&self, id: EnvironmentId) -> PathBuf {
        self.image(id).join("boot")
    }

    /// Images that administrators put there.
    pub fn incoming(&self) -> PathBuf {
        self.root.join("incoming")
    }

    /// The folder of files that people send.
    pub fn uploads(&self) -> PathBuf {
        self.root.join("uploads")
    }

    /// The file that is sent for an import.
    pub fn upload(&self, id: ImportId) -> PathBuf {
        self.uploads().join(id.to_string())
    }

    /// The installer's boot files.
    pub fn tftp_installer(&self) -> PathBuf {
        self.root.join("tftp").join("installer")
    }

    /// Files for every board.
    pub fn tftp_shared(&self) -> PathBuf {
        self.root.join("tftp").join("shared")
    }

    /// Boot files of devices that are no nodes.
    pub fn tftp_devices(&self) -> PathBuf {
        self.root.join("tftp").join("devices")
    }
}
