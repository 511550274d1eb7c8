//! Cookies: signed, so that a made-up one never reaches the database. *Pure.* Called by `extract` and `routes`.
//!
//! `pimaster_session` holds a session's id, `pimaster_visit` the id of a visit without one (sign-in forms need
//! a token too, or others could sign people in as themselves), `pimaster_language` a
//! language's tag. All read `id.mac`, the mac being HMAC-SHA-256
//! under this pimaster's session secret over the cookie's name and the id.

use axum::http::{HeaderMap, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The cookies there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Cookie {
    /// A person's session.
    Session,
    /// A visit before anybody signed in.
    Visit,
    /// The language that a browser was told to show.
    Language,
}

impl Cookie {
    fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            // The prefix makes browsers insist on Secure, Path=/ and no Domain.
            (Self::Session, true) => "__Host-pimaster_session",
            (Self::Session, false) => "pimaster_session",
            (Self::Visit, true) => "__Host-pimaster_visit",
            (Self::Visit, false) => "pimaster_visit",
            (Self::Language, true) => "__Host-pimaster_language",
            (Self::Language, false) => "pimaster_language",
        }
    }

    fn label(self) -> &'static [u8] {
        match self {
            Self::Session => b"session\0",
            Self::Visit => b"visit\0",
            Self::Language => b"language\0",
        }
    }
}

/// Signs and reads cookies.
pub(super) struct Signer {
    secret: [u8; 32],
    secure: bool,
}

impl Signer {
    /// A signer with this pimaster's secret; `secure` if people come by https.
    pub(super) fn new(secret: [u8; 32], secure: bool) -> Self {
        Self { secret, secure }
    }

    /// The value of a `Set-Cookie` header.
    pub(super) fn set(&self, cookie: Cookie, id: &str, seconds: u64) -> String {
        let mac = self.mac(cookie.label(), id);
        let mac = URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes());
        self.render(cookie, &format!("{id}.{mac}"), seconds)
    }

    /// The value of a `Set-Cookie` header that takes the cookie away.
    pub(super) fn clear(&self, cookie: Cookie) -> String {
        self.render(cookie, "", 0)
    }

    /// The id in a request's cookie, if the signature is ours.
    pub(super) fn read(&self, cookie: Cookie, headers: &HeaderMap) -> Option<String> {
        let name = cookie.name(self.secure);
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let value = pairs.find(|(key, _)| *key == name)?.1;
        let (id, mac) = value.split_once('.')?;
        let mac = URL_SAFE_NO_PAD.decode(mac).ok()?;
        // Takes constant time.
        self.mac(cookie.label(), id).verify_slice(&mac).ok()?;
        Some(id.to_owned())
    }

    /// The token that forms carry before anybody has signed in.
    pub(super) fn visit_token(&self, visit: &str) -> String {
        URL_SAFE_NO_PAD.encode(self.mac(b"visit form\0", visit).finalize().into_bytes())
    }

    fn render(&self, cookie: Cookie, value: &str, seconds: u64) -> String {
        let secure = if self.secure { "; Secure" } else { "" };
        let name = cookie.name(self.secure);
        format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}")
    }

    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    fn mac(&self, label: &[u8], id: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.secret).expect("any key length");
        mac.update(label);
        mac.update(id.as_bytes());
        mac
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn sent(value: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_str(value).unwrap());
        headers
    }

    fn pair(set: &str) -> String {
        set.split(';').next().unwrap().to_owned()
    }

    #[test]
    fn what_was_set_is_read_back() {
        let signer = Signer::new([7; 32], false);
        let set = signer.set(Cookie::Session, "abc", 60);
        assert!(set.ends_with("; Path=/; Max-Age=60; HttpOnly; SameSite=Lax"), "{set}");
        let headers = sent(&format!("other=1; {}; more=2", pair(&set)));
        assert_eq!(signer.read(Cookie::Session, &headers).as_deref(), Some("abc"));
        assert_eq!(signer.read(Cookie::Visit, &headers), None);
    }

    #[test]
    fn forged_cookies_are_nobody() {
        let signer = Signer::new([7; 32], false);
        let good = pair(&signer.set(Cookie::Session, "abc", 60));
        let foreign = pair(&Signer::new([8; 32], false).set(Cookie::Session, "abc", 60));
        let visit = pair(&signer.set(Cookie::Visit, "abc", 60)).replace("visit", "session");
        for forged in [
            foreign,
            visit,
            good.replace("abc", "abd"),
            good.replace('.', ""),
            "pimaster_session=abc.".to_owned(),
            "pimaster_session=".to_owned(),
            "pimaster_session=abc.!!!".to_owned(),
        ] {
            assert_eq!(signer.read(Cookie::Session, &sent(&forged)), None, "{forged}");
        }
    }

    #[test]
    fn https_makes_cookies_secure() {
        let set = Signer::new([7; 32], true).set(Cookie::Session, "abc", 60);
        assert!(set.starts_with("__Host-pimaster_session=abc.") && set.ends_with("; Secure"), "{set}");
    }
}
