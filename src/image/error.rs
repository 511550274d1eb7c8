//! What can go wrong with images. *Pure.*

use crate::model::problem::Problem;
use crate::store;
use std::io;
use std::path::PathBuf;

/// Why an image is not imported, removed or served.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file to import cannot be read.
    #[error("cannot read {path}; check its name and that the user who runs pimaster may read it")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Something cannot be written below the data folder.
    #[error("cannot write {path}; check the free space and the rights of the data folder")]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is no disk image and holds none.
    #[error("{0}")]
    NotAnImage(Problem),
    /// A part of it is missing.
    #[error("{0}")]
    Truncated(Problem),
    /// Its content contradicts itself.
    #[error("{0}")]
    Damaged(Problem),
    /// It grows beyond what may be stored.
    #[error("{0}")]
    TooLarge(Problem),
    /// It is a disk image, of nothing that pimaster knows how to deploy.
    #[error("{0}")]
    Unsupported(Problem),
    /// A name or an account is none.
    #[error("{0}")]
    Name(Problem),
    /// There is an environment of that name.
    #[error("there is an environment `{name}` already; choose another --name, or remove that one first")]
    NameTaken {
        /// The name.
        name: String,
    },
    /// There is no environment of that name.
    #[error("there is no environment `{name}`; `pimaster image list` shows all")]
    NotFound {
        /// The name.
        name: String,
    },
    /// An environment is needed.
    #[error(
        "`{name}` is used by {deployments} deployments and {reservations} reservations; \
         expected none. Wait until they end, or destroy them"
    )]
    InUse {
        /// The name.
        name: String,
        /// Deployments that are not destroyed.
        deployments: u32,
        /// Reservations not ended.
        reservations: u32,
    },
    /// A program that looks into file systems cannot be run.
    #[error("cannot run `{program}`; install the package e2fsprogs")]
    Program {
        /// Its name.
        program: &'static str,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Somebody asked to stop.
    #[error("the import was stopped; nothing was changed")]
    Cancelled,
    /// The thread that does the work ended without an answer.
    #[error("the import broke off; nothing was changed. Report this with the image's address")]
    Broken,
    /// The database failed.
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Result of work on images.
pub type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// An error of a decoder or of reading a disk image: a missing end, or wrong bytes.
    pub(super) fn of_content(what: &str, error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            return Self::Truncated(Problem::new(
                format!("{what} ends too early"),
                "the whole file",
                "Download or copy it again and compare its size and checksum with the publisher's",
            ));
        }
        Self::Damaged(Problem::new(
            format!("{what} cannot be decoded ({error})"),
            "an intact file",
            "Download or copy it again and compare its checksum with the publisher's",
        ))
    }
}

/// Bytes as people read them: three digits and a decimal unit.
pub(super) fn shown_bytes(bytes: u64) -> String {
    let mut value = bytes;
    let mut below = 0;
    for unit in ["B", "kB", "MB", "GB", "TB"] {
        if value < 1000 || unit == "TB" {
            return if value < 10 && unit != "B" {
                format!("{value}.{} {unit}", below / 100)
            } else {
                format!("{value} {unit}")
            };
        }
        below = value % 1000;
        value /= 1000;
    }
    format!("{bytes} B")
}

#[cfg(test)]
mod tests {
    use super::shown_bytes;

    #[test]
    fn bytes_are_shown_in_decimal_units() {
        let check = |bytes, text: &str| assert_eq!(shown_bytes(bytes), text);
        check(0, "0 B");
        check(999, "999 B");
        check(1_500, "1.5 kB");
        check(2_653_000_000, "2.6 GB");
        check(64_000_000_000, "64 GB");
        check(u64::MAX, "18446744 TB");
    }
}
