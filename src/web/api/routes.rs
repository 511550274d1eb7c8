//! The routes of the API and its OpenAPI document. *Pure.*

use super::problem::Problem;
use super::{
    account, audit, batch, blocks, boots, catalogue, deployments, detections, devices, discovered,
    environments, groups, history, imports, mail, me, network, nodes, notifications, quarantine, queue, rack,
    reservations, site, switches, templates, tokens, users,
};
use crate::web::state::App;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use utoipa::Modify;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The OpenAPI document, apart from the paths.
#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "pimaster",
        description = "Reserve Raspberry Pis, deploy environments on them, follow and end the deployments.\n\n\
            A token has scopes: `read` (every GET), `reserve`, `account`, `admin`; a call that lacks one is refused \
            with 403 and named in `WWW-Authenticate` (RFC 6750).\n\n\
            Lists come in pages: `Link: <...>; rel=\"next\"` leads to the next one (RFC 8288).\n\n\
            Edits take `If-Match` with the `ETag` of what they were made from, and are refused with 412 if it has \
            changed meanwhile (RFC 9110).",
    ),
    modifiers(&Bearer),
    security(("token" = [])),
)]
struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("A token of the settings page or of `pimaster token create`."))
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("token", SecurityScheme::Http(scheme));
    }
}

/// The routes under `/api/v1`.
pub(in crate::web) fn router() -> Router<App> {
    let (router, document) = parts();
    let answer = ([(header::CACHE_CONTROL, "no-cache")], Json(document));
    router
        .route("/api/v1/openapi.json", get(move || async move { answer.into_response() }))
        .nest("/api", Router::new().fallback(no_such_path).method_not_allowed_fallback(no_such_method))
}

/// The OpenAPI document of the API.
pub fn openapi() -> utoipa::openapi::OpenApi {
    parts().1
}

/// Accounts, what people set, and what administrators set for all.
fn of_people() -> OpenApiRouter<App> {
    OpenApiRouter::new()
        .routes(routes!(account::keys, account::set_keys))
        .routes(routes!(account::set_password))
        .routes(routes!(account::list_sessions))
        .routes(routes!(account::end_session))
        .routes(routes!(account::list_credentials))
        .routes(routes!(account::set_credential, account::remove_credential))
        .routes(routes!(tokens::list, tokens::make))
        .routes(routes!(tokens::revoke))
        .routes(routes!(users::list, users::add))
        .routes(routes!(users::one, users::change, users::remove))
        .routes(routes!(users::make_link))
        .routes(routes!(site::policy, site::set_policy))
        .routes(routes!(site::rules, site::set_rules))
        .routes(routes!(mail::show, mail::set))
        .routes(routes!(mail::test))
        .routes(routes!(mail::list))
        .routes(routes!(audit::list))
}

fn parts() -> (Router<App>, utoipa::openapi::OpenApi) {
    let mut router = OpenApiRouter::with_openapi(<Document as utoipa::OpenApi>::openapi())
        .routes(routes!(me::show))
        .routes(routes!(notifications::show, notifications::set))
        .routes(routes!(notifications::make_feed, notifications::revoke_feed))
        .routes(routes!(queue::list, queue::wait))
        .routes(routes!(queue::one, queue::leave))
        .routes(routes!(blocks::list, blocks::make))
        .routes(routes!(blocks::end))
        .routes(routes!(blocks::hours, blocks::set_hours))
        .routes(routes!(groups::list, groups::make))
        .routes(routes!(groups::change, groups::remove))
        .routes(routes!(nodes::list, discovered::enrol))
        .routes(routes!(discovered::rename))
        .routes(routes!(discovered::replace_board))
        .routes(routes!(discovered::list))
        .routes(routes!(detections::list, detections::start))
        .routes(routes!(detections::one, detections::cancel))
        .routes(routes!(discovered::forget))
        .routes(routes!(quarantine::begin, quarantine::end))
        .routes(routes!(batch::request_each))
        .routes(routes!(nodes::hard_reboot))
        .routes(routes!(nodes::deploy_again))
        .routes(routes!(nodes::destroy))
        .routes(routes!(boots::show))
        .routes(routes!(boots::list))
        .routes(routes!(rack::show, rack::set))
        .routes(routes!(rack::retire))
        .routes(routes!(environments::list))
        .routes(routes!(catalogue::one, catalogue::change, catalogue::remove))
        .routes(routes!(catalogue::share))
        .routes(routes!(imports::list, imports::begin))
        .routes(routes!(imports::one, imports::cancel))
        .routes(routes!(imports::send))
        .routes(routes!(reservations::list, reservations::reserve))
        .routes(routes!(reservations::one, reservations::release))
        .routes(routes!(reservations::configure))
        .routes(routes!(reservations::offers))
        .routes(routes!(templates::list, templates::save))
        .routes(routes!(templates::delete))
        .routes(routes!(reservations::extend))
        .routes(routes!(reservations::events))
        .routes(routes!(deployments::list))
        .routes(routes!(history::list))
        .routes(routes!(history::one))
        .routes(routes!(switches::list, switches::add))
        .routes(routes!(switches::change, switches::remove))
        .routes(routes!(switches::read))
        .routes(routes!(switches::switch_port))
        .routes(routes!(switches::attempt))
        .routes(routes!(switches::inquiry))
        .routes(routes!(network::show))
        .routes(routes!(network::forget_notice))
        .routes(routes!(network::forget_server))
        .routes(routes!(devices::list, devices::add))
        .routes(routes!(devices::one, devices::remove))
        .merge(of_people());
    let document = router.to_openapi();
    let router: Router<App> = router.into();
    (router.method_not_allowed_fallback(no_such_method), document)
}

async fn no_such_path() -> Problem {
    let detail = "there is no such path in the API";
    Problem::new(StatusCode::NOT_FOUND, "not-found", detail).fix("See /api/v1/openapi.json for the paths.")
}

async fn no_such_method() -> Problem {
    let detail = "this path does not take that method";
    let problem = Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", detail);
    problem.fix("See /api/v1/openapi.json for the methods.")
}
