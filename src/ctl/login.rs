//! Which pimaster is asked with which token, and the file that keeps both. *IO: the file, the environment.*
//!
//! A stored token goes to the address that it was stored with, and nowhere else.

use super::answers::Me;
use super::failure::Failure;
use crate::cli::Ctl;
use serde::{Deserialize, Serialize};
use std::env;
use std::fs;
use std::io::{ErrorKind, IsTerminal, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

const LOG_IN: &str =
    "Run `pimaster ctl --url http://HOST:9000 login`, or set PIMASTER_URL and PIMASTER_TOKEN.";
/// Everything of a file that others could read or change.
const OTHERS: u32 = 0o077;

/// Where pimaster is, and a token of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Login {
    /// Such as `http://pimaster:9000`, without a slash at the end.
    pub(super) url: String,
    /// The token.
    pub(super) token: String,
}

/// The login of a command: what was given, completed from the stored one.
pub(super) fn chosen(options: &Ctl) -> Result<Login, Failure> {
    let url = options.url.as_deref().map(judge_url).transpose()?;
    let token = given_token(options)?;
    if let (Some(url), Some(token)) = (&url, &token) {
        return Ok(Login { url: url.clone(), token: token.clone() });
    }
    choose(url, token, stored()?)
}

/// What `login` shall store: the address, and the token from one of its places or standard input.
pub(super) fn new(options: &Ctl) -> Result<Login, Failure> {
    let url = options.url.as_deref().ok_or_else(|| Failure::usage("no --url was given", LOG_IN))?;
    let url = judge_url(url)?;
    let token = match given_token(options)? {
        Some(token) => token,
        None => judge_token(&asked_token()?, "standard input")?,
    };
    Ok(Login { url, token })
}

/// Stores a login, readable by its owner alone; gives the file.
pub(super) fn store(login: &Login) -> Result<PathBuf, Failure> {
    let path = path()?;
    let folder = path.parent().unwrap_or(Path::new("."));
    let failed = |cause| Failure::io(format!("cannot write {}", path.display()), cause);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder).map_err(failed)?;
    // Temporary files are made with mode 0600.
    let mut file = tempfile::NamedTempFile::new_in(folder).map_err(failed)?;
    serde_json::to_writer_pretty(&mut file, login).map_err(|error| failed(error.into()))?;
    file.write_all(b"\n").and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    Ok(path)
}

fn choose(url: Option<String>, token: Option<String>, stored: Option<Login>) -> Result<Login, Failure> {
    match (url, token, stored) {
        (Some(url), Some(token), _) => Ok(Login { url, token }),
        (None, Some(token), Some(stored)) => Ok(Login { url: stored.url, token }),
        (None, None, Some(stored)) => Ok(stored),
        (Some(url), None, Some(stored)) if stored.url == url => Ok(stored),
        (Some(url), None, Some(stored)) => {
            let seen = format!("the stored token is of {}; it is not sent to {url}", stored.url);
            Err(Failure::usage(seen, LOG_IN))
        }
        (Some(url), None, None) => Err(Failure::usage(format!("there is no token for {url}"), LOG_IN)),
        (None, _, None) => Err(Failure::usage("it is not known where pimaster is", LOG_IN)),
    }
}

/// What a token must be allowed for every command.
const NEEDED: [&str; 2] = ["read", "reserve"];

/// Refuses a token with which nothing can be looked at; says what one cannot do that only looks.
pub(super) fn judge_scopes(me: &Me) -> Result<(), Failure> {
    let Some(scopes) = &me.token_scopes else { return Ok(()) };
    let missing = |scope: &&str| !scopes.iter().any(|has| has == scope);
    let missing: Vec<&str> = NEEDED.into_iter().filter(missing).collect();
    if missing.contains(&"read") {
        let seen = format!("the token has the scope `{}`; expected `{}`", scopes.join(" "), NEEDED.join(" "));
        return Err(Failure::usage(seen, "Make a token with these two on the settings page."));
    }
    if !missing.is_empty() {
        // With standard error closed there is nobody left to tell; the refusal of the command says it again.
        drop(writeln!(
            std::io::stderr().lock(),
            "The token may look, but not reserve: its scope lacks `reserve`."
        ));
    }
    Ok(())
}

fn judge_url(text: &str) -> Result<String, Failure> {
    let url = text.trim().trim_end_matches('/');
    let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://")).unwrap_or_default();
    if !host.is_empty() && !host.contains(['@', '?', '#']) && host.bytes().all(|byte| byte.is_ascii_graphic())
    {
        return Ok(url.to_owned());
    }
    let seen = format!("the address is `{text}`; expected one such as http://pimaster:9000");
    Err(Failure::usage(seen, "Give the address of the pages of pimaster."))
}

fn judge_token(text: &str, place: &str) -> Result<String, Failure> {
    let token = text.trim();
    if !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Ok(token.to_owned());
    }
    let seen = format!("{place} holds no token; expected one line that begins with pm_");
    Err(Failure::usage(
        seen,
        "Make a token on the settings page, or with `pimaster token create --user EMAIL`.",
    ))
}

fn given_token(options: &Ctl) -> Result<Option<String>, Failure> {
    if let Some(path) = &options.token_file {
        let text = super::run::read_file(path, "Name a file that holds a token.")?;
        return judge_token(&text, &path.display().to_string()).map(Some);
    }
    match env::var("PIMASTER_TOKEN") {
        Ok(text) => judge_token(&text, "PIMASTER_TOKEN").map(Some),
        Err(_) => Ok(None),
    }
}

fn asked_token() -> Result<String, Failure> {
    let failed = |cause| Failure::io("cannot read standard input", cause);
    if std::io::stdin().is_terminal() {
        write!(
            std::io::stderr().lock(),
            "Token with the scopes read and reserve, from the settings page of pimaster: "
        )
        .map_err(failed)?;
    }
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).map_err(failed)?;
    Ok(line)
}

fn stored() -> Result<Option<Login>, Failure> {
    let path = path()?;
    let seen = |what: String| Failure::usage(format!("{} {what}", path.display()), LOG_IN);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(seen(format!("cannot be read: {error}"))),
    };
    let mode =
        fs::metadata(&path).map_err(|error| seen(format!("cannot be looked at: {error}")))?.permissions();
    if mode.mode() & OTHERS != 0 {
        let seen = format!("{} is open to others; expected mode 0600", path.display());
        return Err(Failure::usage(seen, "Revoke the token, make another and log in with it."));
    }
    serde_json::from_str(&text).map(Some).map_err(|error| seen(format!("is no login: {error}")))
}

/// The file of the login: XDG Base Directory Specification 0.8, where relative paths are ignored.
fn path() -> Result<PathBuf, Failure> {
    let absolute = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = absolute("XDG_CONFIG_HOME").or_else(|| Some(absolute("HOME")?.join(".config")));
    let folder = folder.ok_or_else(|| {
        Failure::usage(
            "neither XDG_CONFIG_HOME nor HOME is set",
            "Set one, or PIMASTER_URL and PIMASTER_TOKEN.",
        )
    })?;
    Ok(folder.join("pimaster/ctl.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn login(url: &str, token: &str) -> Login {
        Login { url: url.into(), token: token.into() }
    }

    #[track_caller]
    fn check(url: Option<&str>, token: Option<&str>, stored: Option<Login>, expect: Option<Login>) {
        let found = choose(url.map(str::to_owned), token.map(str::to_owned), stored);
        assert_eq!(found.ok(), expect, "{url:?} {token:?}");
    }

    #[test]
    fn a_stored_token_goes_to_its_own_address_alone() {
        let stored = || Some(login("http://a", "pm_a"));
        check(None, None, stored(), stored());
        check(Some("http://a"), None, stored(), stored());
        check(Some("http://b"), None, stored(), None);
        check(Some("http://b"), Some("pm_b"), stored(), Some(login("http://b", "pm_b")));
        check(None, Some("pm_b"), stored(), Some(login("http://a", "pm_b")));
        check(Some("http://b"), None, None, None);
        check(None, Some("pm_b"), None, None);
    }

    #[test]
    fn addresses_are_of_http_or_https() {
        assert_eq!(judge_url("http://pimaster:9000/").unwrap(), "http://pimaster:9000");
        assert_eq!(judge_url("http://lab/pimaster").unwrap(), "http://lab/pimaster");
        assert_eq!(judge_url("https://pimaster").unwrap(), "https://pimaster");
        for text in ["pimaster:9000", "ftp://pimaster", "http://", "http://a b", "http://u:p@host", ""] {
            assert_eq!(judge_url(text).unwrap_err().exit(), 64, "{text}");
        }
    }

    #[test]
    fn a_token_must_at_least_look() {
        let check = |scopes: Option<&[&str]>, is_good| {
            let token_scopes = scopes.map(|scopes| scopes.iter().map(|&scope| scope.to_owned()).collect());
            let me = Me { account: "ada@lab".into(), token_scopes };
            assert_eq!(judge_scopes(&me).is_ok(), is_good, "{scopes:?}");
        };
        check(None, true);
        check(Some(&["read", "reserve", "admin"]), true);
        check(Some(&["read"]), true);
        check(Some(&["reserve"]), false);
    }

    #[test]
    fn tokens_are_one_word() {
        assert_eq!(judge_token(" pm_abc\n", "it").unwrap(), "pm_abc");
        for text in ["", "\n", "pm_a b", "pm_a\nb", "pm_é"] {
            assert!(judge_token(text, "it").is_err(), "{text:?}");
        }
    }
}
