//! Accounts that people have at other testbeds. *Pure.*

use super::clock::Timestamp;

/// Another testbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// Grid'5000, <https://www.grid5000.fr>.
    Grid5000,
    /// FIT IoT-LAB, <https://www.iot-lab.info>.
    IotLab,
}

impl Platform {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::Grid5000, Self::IotLab];

    /// The word in the database, in paths and in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Grid5000 => "grid5000",
            Self::IotLab => "iot-lab",
        }
    }

    /// Its own name.
    pub fn shown(self) -> &'static str {
        match self {
            Self::Grid5000 => "Grid'5000",
            Self::IotLab => "FIT IoT-LAB",
        }
    }

    /// The testbed of that word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|platform| platform.as_str() == word)
    }
}

/// What is known of somebody's account there; the password is stored sealed and never shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credential {
    /// Where.
    pub platform: Platform,
    /// The name of the account.
    pub login: String,
    /// When it was last set.
    pub set_at: Timestamp,
}

/// Why credentials are not stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadCredential {
    /// The name of the account.
    #[error("the login has {seen} characters; expected 1 to 64, without blanks")]
    Login {
        /// How many characters it has.
        seen: usize,
    },
    /// The password.
    #[error("the password has {seen} characters; expected 1 to 256 on one line")]
    Password {
        /// How many characters it has.
        seen: usize,
    },
}

impl BadCredential {
    /// The field that must change.
    pub fn field(&self) -> &'static str {
        match self {
            Self::Login { .. } => "login",
            Self::Password { .. } => "password",
        }
    }
}

/// Judges a login and a password. What the testbed thinks of them only it can say.
pub fn judge(login: &str, password: &str) -> Result<(), BadCredential> {
    let seen = login.chars().count();
    if !(1..=64).contains(&seen) || login.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(BadCredential::Login { seen });
    }
    let seen = password.chars().count();
    if !(1..=256).contains(&seen) || password.chars().any(char::is_control) {
        return Err(BadCredential::Password { seen });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logins_are_words_and_passwords_lines() {
        let check = |login: &str, password: &str, field: Option<&str>| {
            assert_eq!(judge(login, password).err().map(|bad| bad.field()), field, "{login} {password}");
        };
        check("ada", "correct horse", None);
        check("", "x", Some("login"));
        check("a b", "x", Some("login"));
        check("ada", "", Some("password"));
        check("ada", "a\nb", Some("password"));
    }
}
