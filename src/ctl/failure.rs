//! Why a command of the client was not done, and its exit status (sysexits.h where there is one). *Pure.*

use super::table::plain;
use serde::Deserialize;

/// What the API says of a refusal (RFC 9457), as far as it is told.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Refusal {
    /// The kind of problem; empty for an older pimaster.
    #[serde(default, rename = "type")]
    pub(super) kind: String,
    /// What was seen and expected.
    pub(super) detail: String,
    /// The field that is wrong, if it is one.
    pub(super) field: Option<String>,
    /// What to do.
    pub(super) fix: Option<String>,
}

/// Why a command was not done.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failure {
    /// The options, a file that they name or the stored login.
    #[error("{seen}\n  {fix}")]
    Usage {
        /// What was seen and expected.
        seen: String,
        /// What to do.
        fix: String,
    },
    /// There was no answer of pimaster.
    #[error("{url}: {why}\n  Look whether pimaster runs there, and whether the address is the right one.")]
    Unreachable {
        /// Who was asked.
        url: String,
        /// What was seen.
        why: String,
    },
    /// The API refused.
    #[error("{}", told(.refusal))]
    Refused {
        /// The HTTP status.
        status: u16,
        /// Its words.
        refusal: Refusal,
    },
    /// It goes on, or may work later.
    #[error("{0}")]
    Later(String),
    /// It was done up to there, or a node failed.
    #[error("{0}")]
    Undone(String),
    /// Ctrl-C.
    #[error("{0}")]
    Interrupted(String),
    /// Standard output, ssh, a temporary file.
    #[error("{what}: {cause}")]
    Io {
        /// What could not be done.
        what: String,
        /// Why.
        cause: std::io::Error,
    },
}

fn told(refusal: &Refusal) -> String {
    let field = refusal.field.as_ref().map(|field| format!("{field}: ")).unwrap_or_default();
    let fix = refusal.fix.as_ref().map(|fix| format!("\n  {}", plain(fix))).unwrap_or_default();
    plain(&format!("{field}{}", refusal.detail)) + &fix
}

impl Failure {
    /// Something that the person typed or named is wrong.
    pub(super) fn usage(seen: impl Into<String>, fix: impl Into<String>) -> Self {
        Self::Usage { seen: seen.into(), fix: fix.into() }
    }

    /// The system refused.
    pub(super) fn io(what: impl Into<String>, cause: std::io::Error) -> Self {
        Self::Io { what: what.into(), cause }
    }

    /// Whether others have the nodes now: the same may work when they are free.
    pub(super) fn is_not_free(&self) -> bool {
        matches!(self, Self::Refused { refusal, .. } if refusal.kind == "urn:pimaster:problem:not-free")
    }

    /// The exit status.
    pub(super) fn exit(&self) -> u8 {
        match self {
            Self::Usage { .. } => 64,
            Self::Unreachable { .. } => 69,
            Self::Refused { status, .. } => match status {
                400 | 413 | 415 | 422 => 64,
                401 | 403 => 77,
                409 if self.is_not_free() => 75,
                429 | 503 => 75,
                500.. => 69,
                _ => 1,
            },
            Self::Later(_) => 75,
            Self::Undone(_) | Self::Io { .. } => 1,
            Self::Interrupted(_) => 130,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16) -> Failure {
        let refusal = Refusal {
            kind: "urn:pimaster:problem:not-free".into(),
            detail: "pi-01 is taken\u{1b}[2J".into(),
            field: Some("nodes".into()),
            fix: Some("Choose other nodes.".into()),
        };
        Failure::Refused { status, refusal }
    }

    #[test]
    fn statuses_of_http_become_statuses_of_sysexits() {
        let check = |status, expect| assert_eq!(refused(status).exit(), expect, "{status}");
        for (status, expect) in
            [(400, 64), (401, 77), (403, 77), (404, 1), (409, 75), (422, 64), (429, 75), (500, 69), (503, 75)]
        {
            check(status, expect);
        }
        let Failure::Refused { refusal, .. } = refused(409) else { panic!("it is one") };
        let kind = "urn:pimaster:problem:conflict".to_owned();
        let over = Failure::Refused { status: 409, refusal: Refusal { kind, ..refusal } };
        assert_eq!(over.exit(), 1, "to wait would not help");
    }

    #[test]
    fn a_refusal_is_told_with_field_and_fix_and_moves_no_cursor() {
        assert_eq!(refused(409).to_string(), "nodes: pi-01 is taken [2J\n  Choose other nodes.");
    }
}
