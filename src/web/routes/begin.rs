//! Sessions begin here. *IO: the database.* Called by `sign_in` and `links`.

use crate::model::audit::{Action, Actor};
use crate::model::clock::{self, SignedDuration};
use crate::model::user::User;
use crate::store::sessions::{self, Origin};
use crate::store::{audit, users};
use crate::web::cookie::Cookie;
use crate::web::extract::Visit;
use crate::web::refusal::Refusal;
use crate::web::secret;
use crate::web::state::App;
use axum::http::{HeaderName, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};

/// How long a session lasts.
const SESSION: SignedDuration = SignedDuration::from_hours(7 * 24);

/// Begins a session and leads to a page. The visit's cookie goes: its form was sent.
pub(super) async fn session(app: &App, visit: &Visit, user: User, to: &str) -> Result<Response, Refusal> {
    let (id, csrf) = (secret::generate()?, secret::generate()?);
    let (hash, now) = (secret::digest(&id), clock::now());
    let address = visit.from.map(|from| from.to_canonical().to_string()).unwrap_or_default();
    let origin = Origin { address, browser: visit.browser.clone() };
    let actor = Actor { email: Some(user.email.clone()), from: visit.from };
    app.store
        .write(move |tx| {
            users::saw(tx, user.id, now)?;
            audit::record(tx, &actor, Action::SignedIn, &origin.browser, now)?;
            sessions::insert(tx, &hash, user.id, &csrf, &origin, (now, now + SESSION))
        })
        .await?;
    let seconds = u64::try_from(SESSION.as_secs()).unwrap_or(0);
    let cookies: [(HeaderName, String); 2] = [
        (header::SET_COOKIE, app.signer.set(Cookie::Session, &id, seconds)),
        (header::SET_COOKIE, app.signer.clear(Cookie::Visit)),
    ];
    Ok((AppendHeaders(cookies), Redirect::to(to)).into_response())
}
