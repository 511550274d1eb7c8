//! What people did, in the API, for administrators. *IO: the database.*

use super::answers::time;
use super::bearer::Administrator;
use super::page::{PageQuery, Paged, Paging};
use super::problem::Problem;
use crate::model::audit::Entry;
use crate::store::audit;
use crate::web::state::App;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// A line of the audit log.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditLine)]
pub(super) struct Line {
    /// Its row: later ones are larger.
    id: i64,
    /// When, RFC 3339.
    #[schema(format = DateTime)]
    at: String,
    /// The e-mail address of who did it; empty for nobody who signed in.
    who: String,
    /// From which address; empty if it was not by network.
    address: String,
    /// What was done, such as `reserved`.
    action: String,
    /// To whom or what.
    subject: String,
}

/// What people did, the newest first. For administrators.
#[utoipa::path(get, path = "/api/v1/audit", tag = "site", operation_id = "list_audit", params(PageQuery), responses(
    (status = 200, body = [Line]),
    (status = 403, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn list(
    _: Administrator,
    State(app): State<App>,
    paging: Paging,
) -> Result<Paged<Line>, Problem> {
    let (before, count) = (paging.after()?, paging.wanted());
    let found = app.store.read(move |conn| audit::list(conn, before, count)).await;
    let entries = found.map_err(|error| Problem::internal(&error))?;
    Ok(paging.page(entries, |entry| entry.id).map(Line::from))
}

impl From<Entry> for Line {
    fn from(entry: Entry) -> Self {
        let Entry { id, at, who, address, action, subject } = entry;
        Self { id, at: time(at), who, address, action: action.as_str().to_owned(), subject }
    }
}
