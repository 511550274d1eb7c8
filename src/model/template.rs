//! What a person saved of the configure form, to choose it again. *Pure.*
//!
//! Never a password, and nothing of single nodes: a template is for any reservation.

use super::ids::TemplateId;
use super::reservation::PartitionSize;
use super::ssh_key::PublicKey;
use serde::{Deserialize, Serialize};

/// How many templates a person may have.
pub const MOST_TEMPLATES: usize = 50;
/// The longest name, in characters.
pub const LONGEST_NAME: usize = 64;

/// A saved form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Its row.
    pub id: TemplateId,
    /// What its owner calls it, unique among theirs.
    pub name: String,
    /// What was in the form.
    pub contents: Contents,
}

/// What was in the form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents {
    /// The environment's name: one that is imported anew under it is meant as well.
    pub environment: String,
    /// How large the root partition becomes.
    pub partition_size: PartitionSize,
    /// Keys beside the account's.
    pub ssh_keys: Vec<PublicKey>,
    /// A script to run at the end.
    pub user_script: Option<String>,
    /// Whether to update packages.
    pub system_update: bool,
}

/// Why a template cannot be saved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadTemplate {
    /// The name is empty, too long, or no line.
    #[error("the template's name has {seen} characters; expected 1 to {LONGEST_NAME}, without line breaks")]
    Name {
        /// How many characters it has.
        seen: usize,
    },
    /// The account has as many as there may be.
    #[error("there are {MOST_TEMPLATES} templates already; expected fewer, to save one more")]
    TooMany,
}

/// A name as it is saved.
pub fn judge_name(name: &str) -> Result<String, BadTemplate> {
    let name = name.trim();
    let seen = name.chars().count();
    let is_line = !name.chars().any(char::is_control);
    if (1..=LONGEST_NAME).contains(&seen) && is_line {
        Ok(name.to_owned())
    } else {
        Err(BadTemplate::Name { seen })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_line() {
        assert_eq!(judge_name("  night run "), Ok("night run".to_owned()));
        for (name, seen) in [("", 0), ("   ", 0), ("a\nb", 3), (&"ä".repeat(65) as &str, 65)] {
            assert_eq!(judge_name(name), Err(BadTemplate::Name { seen }), "{name:?}");
        }
    }
}
