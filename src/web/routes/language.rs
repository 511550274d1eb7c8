//! The language of the pages, kept by the browser. *Pure.*

use crate::web::cookie::Cookie;
use crate::web::extract::AnyForm;
use crate::web::paths;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::words::Language;
use axum::extract::State;
use axum::http::header;
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};

/// How long a browser keeps it, in seconds: a year.
const KEPT_SECONDS: u64 = 365 * 24 * 3600;

/// Shows everything in another language from now on.
pub(super) async fn choose(State(app): State<App>, AnyForm(fields): AnyForm) -> Result<Response, Refusal> {
    let language = Language::of_tag(fields.one("language")).ok_or(Refusal::NotFound)?;
    let cookie = app.signer.set(Cookie::Language, language.tag(), KEPT_SECONDS);
    let back = Redirect::to(&paths::own(fields.one("back"), "/"));
    Ok((AppendHeaders([(header::SET_COOKIE, cookie)]), back).into_response())
}
