//! What stands on a card and what is to be changed there: what planners take and give. *Pure.*

use std::collections::BTreeMap;

/// Files of the boot partition that exist, by name.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// Who owns a file and what its permissions are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Owner {
    /// Permission bits.
    pub(super) mode: u32,
    /// Owner.
    pub(super) uid: u32,
    /// Group.
    pub(super) gid: u32,
}

impl Owner {
    /// root's, with these permission bits.
    pub(super) fn root(mode: u32) -> Self {
        Self { mode, uid: 0, gid: 0 }
    }
}

/// What is at a path of the root file system.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// A plain file.
    File {
        /// Whose.
        owner: Owner,
        /// What is in it.
        content: Vec<u8>,
    },
    /// A folder and the names in it.
    Folder {
        /// Whose.
        owner: Owner,
        /// Names, `.` and `..` left out.
        names: Vec<String>,
    },
    /// A symbolic link.
    Link {
        /// Where it points.
        target: String,
    },
    /// A device, a pipe.
    Other,
}

/// Paths that were looked at and exist.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen(pub(super) BTreeMap<String, Entry>);

impl Seen {
    /// Whether anything is there.
    pub(super) fn has(&self, path: &str) -> bool {
        self.0.contains_key(path)
    }

    /// A file's text and owner.
    pub(super) fn text(&self, path: &str) -> Option<(String, Owner)> {
        match self.0.get(path)? {
            Entry::File { owner, content } => Some((String::from_utf8_lossy(content).into_owned(), *owner)),
            Entry::Folder { .. } | Entry::Link { .. } | Entry::Other => None,
        }
    }

    /// A file's bytes.
    pub(super) fn bytes(&self, path: &str) -> Option<&[u8]> {
        match self.0.get(path)? {
            Entry::File { content, .. } => Some(content),
            Entry::Folder { .. } | Entry::Link { .. } | Entry::Other => None,
        }
    }

    /// The names in a folder.
    pub(super) fn names(&self, path: &str) -> &[String] {
        match self.0.get(path) {
            Some(Entry::Folder { names, .. }) => names,
            Some(Entry::File { .. } | Entry::Link { .. } | Entry::Other) | None => &[],
        }
    }
}

/// A change of the root file system. Missing parent folders are created, root's, 0755.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Change {
    /// A file with this content, whatever was there.
    Put {
        /// Absolute path.
        path: String,
        /// What goes into it.
        content: Vec<u8>,
        /// Whose.
        owner: Owner,
    },
    /// A folder.
    Folder {
        /// Absolute path.
        path: String,
        /// Whose.
        owner: Owner,
        /// What happens to one that is there.
        existing: Existing,
    },
    /// A symbolic link, whatever was there.
    Link {
        /// Absolute path.
        path: String,
        /// Where it points.
        target: String,
    },
    /// Nothing.
    Remove {
        /// Absolute path.
        path: String,
    },
}

/// What happens to a folder that exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Existing {
    /// It keeps its owner.
    Kept,
    /// It gets this owner.
    Set,
}

impl Change {
    /// Its path.
    pub(super) fn path(&self) -> &str {
        match self {
            Self::Put { path, .. }
            | Self::Folder { path, .. }
            | Self::Link { path, .. }
            | Self::Remove { path } => path,
        }
    }
}

/// A change of the boot partition, in its top folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum BootChange {
    /// A file with this content.
    Put {
        /// Name.
        name: String,
        /// What goes into it.
        content: Vec<u8>,
    },
    /// No such file.
    Remove {
        /// Name.
        name: String,
    },
}

/// Everything that is to be done.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// To the root file system, in this order.
    pub(super) changes: Vec<Change>,
    /// To the boot partition.
    pub(super) boot: Vec<BootChange>,
    /// What a person is told, one line each.
    pub(super) notes: Vec<String>,
}

impl Plan {
    /// Plans a file.
    pub(super) fn put(&mut self, path: impl Into<String>, content: impl Into<Vec<u8>>, owner: Owner) {
        self.changes.push(Change::Put { path: path.into(), content: content.into(), owner });
    }

    /// Plans a folder.
    pub(super) fn folder(&mut self, path: impl Into<String>, owner: Owner, existing: Existing) {
        self.changes.push(Change::Folder { path: path.into(), owner, existing });
    }

    /// Plans a symbolic link.
    pub(super) fn link(&mut self, path: impl Into<String>, target: &str) {
        self.changes.push(Change::Link { path: path.into(), target: target.to_owned() });
    }

    /// Plans that nothing is there.
    pub(super) fn remove(&mut self, path: impl Into<String>) {
        self.changes.push(Change::Remove { path: path.into() });
    }

    /// Plans a boot file.
    pub(super) fn put_boot_file(&mut self, name: &str, content: impl Into<Vec<u8>>) {
        self.boot.push(BootChange::Put { name: name.to_owned(), content: content.into() });
    }

    /// Plans that a boot file is not there.
    pub(super) fn remove_boot_file(&mut self, name: &str) {
        self.boot.push(BootChange::Remove { name: name.to_owned() });
    }

    /// Tells a person.
    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(text.into());
    }
}
