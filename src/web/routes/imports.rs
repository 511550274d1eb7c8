//! Images that are brought in: beginning, sending the file, following, stopping. *IO: through the agent; the body.*

use super::discovered::correctable;
use super::environments;
use super::pages::{chrome, leave};
use crate::agent::Upload;
use crate::model::ids::ImportId;
use crate::model::image_import::Import;
use crate::web::extract::{SignedForm, SignedIn};
use crate::web::forms::environment::ImportForm;
use crate::web::forms::{Errors, agent_text};
use crate::web::multipart::{Multipart, Piece};
use crate::web::notices::Notice;
use crate::web::paths;
use crate::web::refusal::Refusal;
use crate::web::secret;
use crate::web::sent;
use crate::web::state::App;
use crate::web::views::{Tab, imports as view};
use axum::extract::{Path, Request, State};
use axum::response::{Html, IntoResponse, Redirect, Response};

/// The longest field beside the file: the token.
const LONGEST_FIELD: usize = 1024;

/// Begins an import: its page asks for the file, or follows it.
pub(super) async fn begin(
    State(app): State<App>,
    SignedForm { signed, fields }: SignedForm,
) -> Result<Response, Refusal> {
    let form = ImportForm::read(&fields);
    match app.agent.begin_import(&signed.caller(), form.wish()).await {
        Ok(id) => Ok(Redirect::to(&paths::import(id)).into_response()),
        Err(error) => match correctable(&error) {
            Some(status) => environments::page(&app, &signed, status, form, Errors::from(&error)).await,
            None => Err(error.into()),
        },
    }
}

/// One import.
pub(super) async fn one(
    State(app): State<App>,
    Path(id): Path<String>,
    signed: SignedIn,
) -> Result<Html<String>, Refusal> {
    let import = find(&app, &signed, &id).await?;
    let title = signed.reader.with("import-of", &[("name", import.wish.name.as_str().into())]);
    let chrome = chrome(&app, &signed, title, Tab::Environments);
    Ok(Html(view::page(&view::Page { chrome, import })))
}

/// One import without the page around it.
pub(super) async fn one_live(
    State(app): State<App>,
    Path(id): Path<String>,
    signed: SignedIn,
) -> Result<Html<String>, Refusal> {
    Ok(Html(view::fragment(&find(&app, &signed, &id).await?, &signed.csrf, &signed.reader)))
}

/// Takes the file, as it comes.
pub(super) async fn send(
    State(app): State<App>,
    Path(id): Path<String>,
    signed: SignedIn,
    request: Request,
) -> Result<Response, Refusal> {
    let import = find(&app, &signed, &id).await?;
    let form = Multipart::announced(request.headers()).ok_or(Refusal::Csrf)?;
    let total = sent::announced_bytes(request.headers());
    let mut pieces = Pieces { form, body: sent::Body::of(request) };
    let file = to_file(&mut pieces, &signed.csrf).await?;
    let notice = match app.agent.receive(&signed.caller(), import.id, &file, total).await {
        Ok(upload) => match take(&mut pieces, upload).await {
            Ok(true) => Notice::good(signed.reader.say("import-sent")),
            Ok(false) => Notice::bad(signed.reader.say("import-broke-off")),
            Err(error) if correctable(&error).is_some() => Notice::bad(agent_text(&error)),
            Err(error) => return Err(error.into()),
        },
        Err(error) if correctable(&error).is_some() => Notice::bad(agent_text(&error)),
        Err(error) => return Err(error.into()),
    };
    leave(&app, signed.session, notice);
    Ok(Redirect::to(&paths::import(import.id)).into_response())
}

/// Asks an import to stop.
pub(super) async fn cancel(
    State(app): State<App>,
    Path(id): Path<String>,
    SignedForm { signed, .. }: SignedForm,
) -> Result<Redirect, Refusal> {
    let import = find(&app, &signed, &id).await?;
    app.agent.cancel_import(&signed.caller(), import.id).await?;
    Ok(Redirect::to(&paths::import(import.id)))
}

/// The pieces of the form, as they come.
struct Pieces {
    form: Multipart,
    body: sent::Body,
}

impl Pieces {
    /// The next piece; none if the sender is gone or sends rubbish.
    async fn next(&mut self) -> Option<Piece> {
        loop {
            if let Some(piece) = self.form.next().ok()? {
                return Some(piece);
            }
            self.form.feed(&self.body.next().await?);
        }
    }
}

/// Reads up to the file, whose name it gives; the token must have come before it.
async fn to_file(pieces: &mut Pieces, csrf: &str) -> Result<String, Refusal> {
    let (mut field, mut token) = (String::new(), Vec::new());
    while let Some(piece) = pieces.next().await {
        match piece {
            Piece::Begin { name, file: Some(file) } if name == "file" => {
                let given = String::from_utf8(token).unwrap_or_default();
                return if secret::same(&given, csrf) { Ok(file) } else { Err(Refusal::Csrf) };
            }
            Piece::Begin { name, .. } => field = name,
            Piece::Bytes(bytes) if field == "csrf" && token.len() + bytes.len() <= LONGEST_FIELD => {
                token.extend(bytes);
            }
            Piece::Bytes(_) => {}
            Piece::End => break,
        }
    }
    Err(Refusal::Csrf)
}

/// Writes the file; says whether it came whole. If it did not, dropping the upload ends the import.
async fn take(pieces: &mut Pieces, mut upload: Box<dyn Upload>) -> crate::agent::Result<bool> {
    while let Some(piece) = pieces.next().await {
        match piece {
            Piece::Bytes(bytes) => upload.write(&bytes).await?,
            Piece::Begin { .. } | Piece::End => return upload.finish().await.map(|()| true),
        }
    }
    Ok(false)
}

async fn find(app: &App, signed: &SignedIn, id: &str) -> Result<Import, Refusal> {
    let id: ImportId = id.parse().map_err(|_| Refusal::NotFound)?;
    Ok(app.agent.import(&signed.caller(), id).await?)
}
