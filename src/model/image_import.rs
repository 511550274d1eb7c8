//! An image that is being made an environment: a long operation, which is a row from its first moment on. *Pure.*

use super::clock::Timestamp;
use super::ids::{ImportId, UserId};
use super::sharing::Sharing;

/// The largest file that is taken from a browser or a program, in bytes: larger than the compressed image of any card
/// in use.
pub const LARGEST_UPLOAD_BYTES: u64 = 32 * 1024 * 1024 * 1024;

/// A wish to import an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportWish {
    /// The environment's name.
    pub name: String,
    /// One line; the system's own name if it is empty.
    pub description: String,
    /// The account that people sign in with; the family's usual one if none is given.
    pub ssh_user: Option<String>,
    /// Whether it becomes the site's and everybody's; for administrators. Otherwise it is its importer's, and private.
    pub is_for_site: bool,
    /// Where the image comes from.
    pub source: Source,
}

/// Where an image comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// It is sent.
    Upload,
    /// A file of the folder `incoming` of the data folder, by its name; for administrators.
    Folder(String),
}

impl Source {
    /// The word in the database.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Upload => "upload",
            Self::Folder(_) => "folder",
        }
    }
}

/// Where an import stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImportState {
    /// Its file is sent, or waited for.
    Receiving,
    /// It waits for the one before it.
    Waiting,
    /// The file is decoded.
    Unpacking,
    /// Used blocks are compressed and stored.
    Storing,
    /// It is an environment.
    Done,
    /// It could not be done.
    Failed,
    /// Somebody stopped it.
    Cancelled,
}

impl ImportState {
    /// Every state.
    pub const ALL: [Self; 7] = [
        Self::Receiving,
        Self::Waiting,
        Self::Unpacking,
        Self::Storing,
        Self::Done,
        Self::Failed,
        Self::Cancelled,
    ];

    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Receiving => "receiving",
            Self::Waiting => "waiting",
            Self::Unpacking => "unpacking",
            Self::Storing => "storing",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }

    /// The state of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether nothing happens any more.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

/// An import as its row tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Its row.
    pub id: ImportId,
    /// What shall become of it.
    pub wish: ImportWish,
    /// Who began it.
    pub user: UserId,
    /// Their e-mail address.
    pub by: String,
    /// Where it stands.
    pub state: ImportState,
    /// Bytes done in this state.
    pub done_bytes: u64,
    /// Bytes to do; 0 while that is not known.
    pub total_bytes: u64,
    /// Why it failed.
    pub problem: String,
    /// Whether somebody asked for it to stop.
    pub is_cancelled: bool,
    /// When it was begun.
    pub started_at: Timestamp,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
}

/// Where an environment comes from and whose it becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provenance {
    /// Whose it becomes; none if the site's.
    pub owner: Option<UserId>,
    /// Who may use it.
    pub sharing: Sharing,
    /// Who imports it; empty on the command line.
    pub by: String,
    /// The row that says so.
    pub import: Option<ImportId>,
}

impl Default for Provenance {
    /// The site's, and everybody's.
    fn default() -> Self {
        Self { owner: None, sharing: Sharing::Shared, by: String::new(), import: None }
    }
}

impl Import {
    /// Whose it becomes.
    pub fn provenance(&self) -> Provenance {
        let (owner, sharing) = match self.wish.is_for_site {
            true => (None, Sharing::Shared),
            false => (Some(self.user), Sharing::Private),
        };
        Provenance { owner, sharing, by: self.by.clone(), import: Some(self.id) }
    }
}

/// What an import that was interrupted says when pimaster starts again.
pub const INTERRUPTED: &str = "pimaster was restarted while it ran; nothing was kept. Begin another import";
