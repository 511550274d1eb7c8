//! Whose an environment is, who may use it, and how that changes. *Pure.*

use super::environment::Environment;
use super::ids::{ReservationId, UserId};
use super::problem::Problem;

/// Who may use an environment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sharing {
    /// Its owner, and administrators.
    Private,
    /// The same; its owner asked that everybody may, which an administrator decides.
    Asked,
    /// Everybody.
    Shared,
    /// Everybody, and it is offered first.
    Default,
}

impl Sharing {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Private, Self::Asked, Self::Shared, Self::Default];

    /// The word in the database and the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Asked => "asked",
            Self::Shared => "shared",
            Self::Default => "default",
        }
    }

    /// The state of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }

    /// Whether everybody may use it.
    pub fn is_for_all(self) -> bool {
        matches!(self, Self::Shared | Self::Default)
    }
}

/// An environment with what is known beside its image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueEntry {
    /// The environment.
    pub environment: Environment,
    /// Whose it is, with the e-mail address; none if it is the site's.
    pub owner: Option<(UserId, String)>,
    /// Who may use it.
    pub sharing: Sharing,
    /// Why an administrator did not share it; empty if nobody refused.
    pub refusal: String,
    /// Who imported it; empty if that was done on the command line.
    pub imported_by: String,
    /// The reservations that are not over and use it.
    pub used_by: Vec<Use>,
}

impl CatalogueEntry {
    /// Whether it is that account's.
    pub fn is_owned_by(&self, user: UserId) -> bool {
        self.owner.as_ref().is_some_and(|(owner, _)| *owner == user)
    }

    /// Whether that account may deploy it.
    pub fn is_usable_by(&self, user: UserId, is_admin: bool) -> bool {
        is_admin || self.sharing.is_for_all() || self.is_owned_by(user)
    }

    /// Whether that account may change and remove it: what is shared is in the hands of administrators.
    pub fn is_changed_by(&self, user: UserId, is_admin: bool) -> bool {
        is_admin || (self.is_owned_by(user) && !self.sharing.is_for_all())
    }
}

/// A reservation that uses an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The reservation.
    pub reservation: ReservationId,
    /// The name of the bin.
    pub name: String,
    /// The owner's e-mail address.
    pub owner: String,
}

/// A wish to change what people read of an environment, or how they sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvironmentChange {
    /// Its name.
    pub name: String,
    /// One line.
    pub description: String,
    /// The account that people sign in with.
    pub ssh_user: String,
}

impl EnvironmentChange {
    /// What is wrong with it in itself.
    pub fn judge(&self) -> Result<(), BadEnvironment> {
        judge_name(&self.name).map_err(BadEnvironment::Name)?;
        judge_description(&self.description)?;
        judge_user(&self.ssh_user).map_err(BadEnvironment::User)
    }
}

/// A wish about who may use an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SharingWish {
    /// Its owner alone.
    Private,
    /// Its owner asks that everybody may.
    Ask,
    /// Everybody; for administrators.
    Share,
    /// Everybody, and it is offered first; for administrators.
    Default,
    /// An administrator does not share it, and says why.
    Refuse(String),
}

impl SharingWish {
    /// The wish of that word.
    pub fn from_word(word: &str, reason: &str) -> Option<Self> {
        match word {
            "private" => Some(Self::Private),
            "ask" => Some(Self::Ask),
            "share" => Some(Self::Share),
            "default" => Some(Self::Default),
            "refuse" => Some(Self::Refuse(reason.to_owned())),
            _ => None,
        }
    }

    /// The state that it leads to, and why it was refused, if it was.
    pub fn judge(
        &self,
        entry: &CatalogueEntry,
        user: UserId,
        is_admin: bool,
    ) -> Result<(Sharing, String), BadEnvironment> {
        let is_owner = entry.is_owned_by(user);
        let name = || entry.environment.name.clone();
        match (self, entry.sharing) {
            (Self::Share, _) if is_admin => Ok((Sharing::Shared, String::new())),
            (Self::Default, _) if is_admin => Ok((Sharing::Default, String::new())),
            (Self::Private, _) if is_admin => Ok((Sharing::Private, String::new())),
            (Self::Refuse(reason), Sharing::Asked) if is_admin => {
                let reason = reason.trim();
                let good = (1..=LONGEST_TEXT).contains(&reason.chars().count()) && !has_control(reason);
                if good {
                    Ok((Sharing::Private, reason.to_owned()))
                } else {
                    Err(BadEnvironment::Reason { seen: reason.chars().count() })
                }
            }
            (Self::Private, Sharing::Private | Sharing::Asked) if is_owner => {
                Ok((Sharing::Private, entry.refusal.clone()))
            }
            (Self::Ask, Sharing::Private | Sharing::Asked) if is_owner => Ok((Sharing::Asked, String::new())),
            (Self::Ask | Self::Refuse(_), _) if is_admin || is_owner => {
                Err(BadEnvironment::Sharing { name: name(), seen: entry.sharing.as_str() })
            }
            _ => Err(BadEnvironment::NotYours { name: name() }),
        }
    }
}

/// The longest description, and the longest reason, in characters.
pub const LONGEST_TEXT: usize = 200;

/// Why an environment is not imported, changed or removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "the messages say what each variant is")]
pub enum BadEnvironment {
    #[error("no environment is called {name}")]
    NoSuch { name: String },
    #[error("{name} is not yours to change")]
    NotYours { name: String },
    #[error("{}; expected {}", .0.seen, .0.expected)]
    Name(Problem),
    #[error("{}; expected {}", .0.seen, .0.expected)]
    User(Problem),
    #[error("there is an environment called {name} already")]
    Taken { name: String },
    #[error("the description has {seen} characters; expected one line of at most {LONGEST_TEXT}")]
    Description { seen: usize },
    #[error("the reason has {seen} characters; expected one line of 1 to {LONGEST_TEXT}")]
    Reason { seen: usize },
    #[error("{name} is {seen}; expected one whose owner asks that it is shared, or that its owner keeps")]
    Sharing { name: String, seen: &'static str },
    #[error("{name} is used by {}", told(.by))]
    InUse { name: String, by: Vec<Use> },
    #[error("import {id} of yours is not over; expected one at a time")]
    Busy { id: super::ids::ImportId },
    #[error("there is no import {id}")]
    NoSuchImport { id: super::ids::ImportId },
    #[error("import {id} does not wait for a file")]
    NotReceiving { id: super::ids::ImportId },
    #[error("the folder for imports has no file `{seen}`")]
    NoSuchFile { seen: String },
    #[error("the file has more than {most} bytes; expected no more")]
    TooLarge { most: u64 },
    #[error(
        "the file has {wanted} bytes or more, and {free} bytes are free beside a reserve; expected room for it"
    )]
    NoRoom { wanted: u64, free: u64 },
    #[error("the file cannot be kept: {why}")]
    Broken { why: String },
}

/// What kind of refusal it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// There is no such thing.
    Missing,
    /// Somebody else may.
    Forbidden,
    /// It is wrong in itself.
    Wrong,
    /// It does not go with what is.
    Conflict,
}

impl BadEnvironment {
    /// What kind of refusal it is.
    pub fn fault(&self) -> Fault {
        match self {
            Self::NoSuch { .. } | Self::NoSuchImport { .. } => Fault::Missing,
            Self::NotYours { .. } => Fault::Forbidden,
            Self::Name(_)
            | Self::User(_)
            | Self::Description { .. }
            | Self::Reason { .. }
            | Self::NoSuchFile { .. }
            | Self::TooLarge { .. } => Fault::Wrong,
            Self::Taken { .. }
            | Self::Sharing { .. }
            | Self::InUse { .. }
            | Self::Busy { .. }
            | Self::NotReceiving { .. }
            | Self::NoRoom { .. }
            | Self::Broken { .. } => Fault::Conflict,
        }
    }

    /// The field that must change, if it is one.
    pub fn field(&self) -> Option<&'static str> {
        match self {
            Self::Name(_) | Self::Taken { .. } => Some("name"),
            Self::User(_) => Some("ssh_user"),
            Self::Description { .. } => Some("description"),
            Self::Reason { .. } => Some("reason"),
            Self::NoSuchFile { .. } | Self::TooLarge { .. } | Self::NoRoom { .. } => Some("file"),
            Self::NoSuch { .. }
            | Self::NotYours { .. }
            | Self::Sharing { .. }
            | Self::InUse { .. }
            | Self::Busy { .. }
            | Self::NoSuchImport { .. }
            | Self::NotReceiving { .. }
            | Self::Broken { .. } => None,
        }
    }

    /// What to do next.
    pub fn fix(&self) -> &'static str {
        match self {
            Self::NoSuch { .. } => "Take a name from the list of environments.",
            Self::NotYours { .. } => "Ask its owner or an administrator.",
            Self::Name(_) => "Choose such a name, for example raspios-bookworm-arm64.",
            Self::User(_) => "Give the account that exists on the image, such as root, pi or ubuntu.",
            Self::Taken { .. } => "Choose another name, or remove that one first.",
            Self::Description { .. } => "Say it shorter.",
            Self::Reason { .. } => "Say in one line why.",
            Self::Sharing { .. } => "Look at the list again: somebody may have been faster.",
            Self::InUse { .. } => "Wait until they are over, or end them.",
            Self::Busy { .. } => "Wait until it is over, or cancel it.",
            Self::NoSuchImport { .. } => "Take one from the list of imports.",
            Self::NotReceiving { .. } => "Begin another import.",
            Self::NoSuchFile { .. } => {
                "Put it into the folder `incoming` of the data folder, and choose it again."
            }
            Self::TooLarge { .. } => "Compress the image, or shrink it to what its partitions need.",
            Self::NoRoom { .. } => "Make room in the data folder.",
            Self::Broken { .. } => "Look into pimaster's log, make room, and begin another import.",
        }
    }
}

fn told(by: &[Use]) -> String {
    let told: Vec<String> =
        by.iter().map(|it| format!("reservation {} ({}) of {}", it.reservation, it.name, it.owner)).collect();
    told.join(", ")
}

/// A name that goes into addresses, folders and forms without a second thought.
pub fn judge_name(name: &str) -> Result<(), Problem> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._+-".contains(letter);
    let starts_well = name.starts_with(|letter: char| letter.is_ascii_alphanumeric());
    if starts_well && name.len() <= 64 && name.chars().all(is_plain) {
        return Ok(());
    }
    Err(Problem::new(
        format!("the name is `{}`", name.chars().take(80).collect::<String>()),
        "1 to 64 letters, digits, `.`, `_`, `+`, `-`, beginning with a letter or digit",
        "Choose such a name, for example raspios-bookworm-arm64",
    ))
}

/// An account name as useradd(8) takes it.
pub fn judge_user(user: &str) -> Result<(), Problem> {
    let is_plain =
        |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || "_-".contains(letter);
    let starts_well = user.starts_with(|letter: char| letter.is_ascii_lowercase() || letter == '_');
    if starts_well && user.len() <= 32 && user.chars().all(is_plain) {
        return Ok(());
    }
    Err(Problem::new(
        format!("the account is `{}`", user.chars().take(80).collect::<String>()),
        "1 to 32 lower case letters, digits, `_`, `-`, beginning with a letter",
        "Choose the account that exists on the image, such as root, pi or ubuntu",
    ))
}

/// One line, or nothing.
pub fn judge_description(text: &str) -> Result<(), BadEnvironment> {
    let seen = text.chars().count();
    if seen <= LONGEST_TEXT && !has_control(text) {
        Ok(())
    } else {
        Err(BadEnvironment::Description { seen })
    }
}

fn has_control(text: &str) -> bool {
    text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::clock::from_millis;
    use crate::model::environment::OsFamily;
    use crate::model::ids::EnvironmentId;
    use crate::model::image::{Digest, Layout, TableKind};

    fn entry(sharing: Sharing, owner: Option<i64>) -> CatalogueEntry {
        CatalogueEntry {
            environment: Environment {
                id: EnvironmentId(1),
                name: "mine".into(),
                description: String::new(),
                family: OsFamily::Debian,
                ssh_user: "root".into(),
                layout: Layout { table: TableKind::Mbr, partitions: vec![], boot: 1, root: 2 },
                disk_bytes: 0,
                used_bytes: 0,
                stored_bytes: 0,
                digest: Digest([0; 32]),
                boots_on: None,
                imported_at: from_millis(0),
            },
            owner: owner.map(|id| (UserId(id), "ada@lab".into())),
            sharing,
            refusal: String::new(),
            imported_by: String::new(),
            used_by: vec![],
        }
    }

    const ADA: UserId = UserId(1);
    const BOB: UserId = UserId(2);

    #[test]
    fn who_may_use_and_change_what() {
        let check = |sharing, owner, user, is_admin, usable: bool, changed: bool| {
            let entry = entry(sharing, owner);
            assert_eq!(entry.is_usable_by(user, is_admin), usable, "{entry:?} {user}");
            assert_eq!(entry.is_changed_by(user, is_admin), changed, "{entry:?} {user}");
        };
        check(Sharing::Private, Some(1), ADA, false, true, true);
        check(Sharing::Asked, Some(1), ADA, false, true, true);
        check(Sharing::Shared, Some(1), ADA, false, true, false);
        check(Sharing::Private, Some(1), BOB, false, false, false);
        check(Sharing::Asked, Some(1), BOB, false, false, false);
        check(Sharing::Default, None, BOB, false, true, false);
        check(Sharing::Private, None, BOB, false, false, false);
        check(Sharing::Private, Some(1), BOB, true, true, true);
    }

    #[test]
    fn owners_ask_and_administrators_decide() {
        let judge = |wish: SharingWish, sharing, user, is_admin| {
            wish.judge(&entry(sharing, Some(1)), user, is_admin).map(|(state, _)| state)
        };
        assert_eq!(judge(SharingWish::Ask, Sharing::Private, ADA, false), Ok(Sharing::Asked));
        assert_eq!(judge(SharingWish::Private, Sharing::Asked, ADA, false), Ok(Sharing::Private));
        assert_eq!(judge(SharingWish::Share, Sharing::Asked, BOB, true), Ok(Sharing::Shared));
        assert_eq!(judge(SharingWish::Default, Sharing::Private, BOB, true), Ok(Sharing::Default));
        assert_eq!(judge(SharingWish::Private, Sharing::Shared, BOB, true), Ok(Sharing::Private));
        let fault = |outcome: Result<Sharing, BadEnvironment>| outcome.unwrap_err().fault();
        for wish in [SharingWish::Share, SharingWish::Default, SharingWish::Private] {
            assert_eq!(fault(judge(wish, Sharing::Shared, ADA, false)), Fault::Forbidden);
        }
        assert_eq!(fault(judge(SharingWish::Ask, Sharing::Private, BOB, false)), Fault::Forbidden);
        assert_eq!(fault(judge(SharingWish::Ask, Sharing::Shared, ADA, false)), Fault::Conflict);
        let refuse = |reason: &str| SharingWish::Refuse(reason.into());
        assert_eq!(fault(judge(refuse("no"), Sharing::Shared, BOB, true)), Fault::Conflict);
        assert_eq!(fault(judge(refuse(" "), Sharing::Asked, BOB, true)), Fault::Wrong);
        assert_eq!(fault(judge(refuse("no"), Sharing::Asked, BOB, false)), Fault::Forbidden);
        let refused = refuse(" too large ").judge(&entry(Sharing::Asked, Some(1)), BOB, true);
        assert_eq!(refused, Ok((Sharing::Private, "too large".into())));
    }
}
