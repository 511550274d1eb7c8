//! What handlers of pages get from a request: who is signed in, and the fields of a form that came from our own
//! page. *IO: the database; the body.*

use super::cookie::Cookie;
use super::error::Error;
use super::forms::Fields;
use super::own_account::Owner;
use super::reader::Reader;
use super::refusal::Refusal;
use super::secret;
use super::state::App;
use super::words::Language;
use crate::model::agent::Caller;
use crate::model::audit::Actor;
use crate::model::clock;
use crate::model::notification::Ending;
use crate::model::user::{Role, User};
use crate::store::{self, Connection, notices, sessions};
use axum::body::Bytes;
use axum::extract::{ConnectInfo, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, Method, header};
use std::net::{IpAddr, SocketAddr};

/// A person who has signed in.
#[derive(Debug, Clone)]
pub(super) struct SignedIn {
    pub(super) user: User,
    /// The token of this session's forms.
    pub(super) csrf: String,
    /// Digest of the session's id.
    pub(super) session: [u8; 32],
    /// For whom pages are made.
    pub(super) reader: Reader,
    /// From which address, if it is known.
    pub(super) from: Option<IpAddr>,
    /// Reservations that end soon.
    pub(super) ending: Vec<Ending>,
}

impl SignedIn {
    /// As agents know them.
    pub(super) fn caller(&self) -> Caller {
        Caller { user: self.user.id, is_admin: self.is_admin(), actor: self.actor() }
    }

    /// Of their own account.
    pub(super) fn owner(&self) -> Owner {
        Owner { id: self.user.id, actor: self.actor() }
    }

    /// For the audit log.
    pub(super) fn actor(&self) -> Actor {
        Actor { email: Some(self.user.email.clone()), from: self.from }
    }

    /// Nothing for people who are no administrators.
    pub(super) fn administrator(&self) -> Result<(), Refusal> {
        if self.is_admin() { Ok(()) } else { Err(Refusal::NotAdministrator) }
    }

    /// Whether it is an administrator.
    pub(super) fn is_admin(&self) -> bool {
        self.user.role == Role::Admin
    }
}

impl FromRequestParts<App> for SignedIn {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let next = match parts.method {
            Method::GET => parts.uri.path_and_query().map(ToString::to_string),
            _ => None,
        };
        let id = app.signer.read(Cookie::Session, &parts.headers);
        let Some(id) = id else { return Err(Refusal::SignIn { next }) };
        let (session, now) = (secret::digest(&id), clock::now());
        let look = move |conn: &Connection| -> store::Result<_> {
            let Some(found) = sessions::by_hash(conn, &session, now)? else { return Ok(None) };
            let ending = notices::ending(conn, found.user.id, now)?;
            Ok(Some((found, ending)))
        };
        let Some((found, ending)) = app.store.read(look).await? else { return Err(Refusal::SignIn { next }) };
        match found.user.role {
            Role::Pending => Err(Refusal::Pending),
            Role::User | Role::Admin => {
                let reader = reader(app, &parts.headers);
                let from = peer(&parts.extensions);
                Ok(Self { user: found.user, csrf: found.csrf, session, reader, from, ending })
            }
        }
    }
}

/// A form of a person who has signed in.
#[derive(Debug)]
pub(super) struct SignedForm {
    pub(super) signed: SignedIn,
    pub(super) fields: Fields,
}

impl FromRequest<App> for SignedForm {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let (mut parts, body) = request.into_parts();
        let signed = SignedIn::from_request_parts(&mut parts, app).await?;
        let fields = read(Request::from_parts(parts, body), app, &signed.csrf).await?;
        Ok(Self { signed, fields })
    }
}

/// A visit before anybody has signed in; its cookie ties the form to the browser.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    id: String,
    /// Whether the browser must be given the cookie.
    fresh: bool,
    /// For whom pages are made.
    pub(super) reader: Reader,
    /// From which address, if it is known.
    pub(super) from: Option<IpAddr>,
    /// What the browser calls itself.
    pub(super) browser: String,
}

/// How long a visit's form can be sent, in seconds.
const VISIT_SECONDS: u64 = 12 * 3600;

impl Visit {
    /// The token of this visit's forms.
    pub(super) fn csrf(&self, app: &App) -> String {
        app.signer.visit_token(&self.id)
    }

    /// The `Set-Cookie` header to send, if any.
    pub(super) fn cookie(&self, app: &App) -> Option<String> {
        self.fresh.then(|| app.signer.set(Cookie::Visit, &self.id, VISIT_SECONDS))
    }
}

impl FromRequestParts<App> for Visit {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Refusal> {
        let (reader, from) = (reader(app, &parts.headers), peer(&parts.extensions));
        let browser = parts.headers.get(header::USER_AGENT).and_then(|line| line.to_str().ok());
        let browser = browser.unwrap_or_default().chars().take(200).collect();
        match app.signer.read(Cookie::Visit, &parts.headers) {
            Some(id) => Ok(Self { id, fresh: false, reader, from, browser }),
            None => Ok(Self { id: secret::generate()?, fresh: true, reader, from, browser }),
        }
    }
}

/// A form of a visit.
#[derive(Debug)]
pub(super) struct VisitForm {
    pub(super) visit: Visit,
    pub(super) fields: Fields,
}

impl FromRequest<App> for VisitForm {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let (mut parts, body) = request.into_parts();
        let visit = Visit::from_request_parts(&mut parts, app).await?;
        let fields = read(Request::from_parts(parts, body), app, &visit.csrf(app)).await?;
        Ok(Self { visit, fields })
    }
}

/// The address of who asks, if it came by network.
pub(super) fn peer(extensions: &Extensions) -> Option<IpAddr> {
    extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(from)| from.ip())
}

/// For whom a page is made: the language that was chosen, else what the browser likes.
pub(super) fn reader(app: &App, headers: &HeaderMap) -> Reader {
    let chosen = app.signer.read(Cookie::Language, headers).and_then(|tag| Language::of_tag(&tag));
    let language = chosen.unwrap_or_else(|| Language::liked(headers));
    Reader { language, zone: app.zone.clone(), now: clock::now() }
}

/// A form of anybody, signed in or not.
#[derive(Debug)]
pub(super) struct AnyForm(pub(super) Fields);

impl FromRequest<App> for AnyForm {
    type Rejection = Refusal;

    async fn from_request(request: Request, app: &App) -> Result<Self, Refusal> {
        let (mut parts, body) = request.into_parts();
        let csrf = match SignedIn::from_request_parts(&mut parts, app).await {
            Ok(signed) => signed.csrf,
            Err(Refusal::SignIn { .. }) => Visit::from_request_parts(&mut parts, app).await?.csrf(app),
            Err(other) => return Err(other),
        };
        Ok(Self(read(Request::from_parts(parts, body), app, &csrf).await?))
    }
}

/// Reads a form and refuses it if it does not carry the token.
async fn read(request: Request, app: &App, csrf: &str) -> Result<Fields, Refusal> {
    let body = Bytes::from_request(request, app).await.map_err(|_| Refusal::TooLarge)?;
    let fields = Fields::parse(&body);
    if secret::same(fields.one("csrf"), csrf) { Ok(fields) } else { Err(Refusal::Csrf) }
}

impl From<crate::store::Error> for Refusal {
    fn from(error: crate::store::Error) -> Self {
        Self::Internal(Error::Store(error))
    }
}
