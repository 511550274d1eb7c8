//! The router of the pages, and what all of them need. *Pure, but for notices.*

use super::{
    assets, audit, bins, blocks, bookings, boots, configure, detection, discovered, environments, forgotten,
    groups, history, imports, language, links, live, mail, network, nodes, notifications, queue, reserve,
    rules, settings, sign_in, sign_up, switch_form, switches, users,
};
use crate::web::extract::{SignedIn, Visit};
use crate::web::headers;
use crate::web::notices::Notice;
use crate::web::refusal::Refusal;
use crate::web::state::App;
use crate::web::views::{Chrome, Tab, Who};
use axum::Router;
use axum::middleware::from_fn;
use axum::routing::{get, post};
use std::sync::PoisonError;

/// The routes of the pages.
pub(in crate::web) fn router() -> Router<App> {
    Router::new()
        .route("/", get(sign_in::start))
        .route("/sign-in", get(sign_in::show).post(sign_in::enter))
        .route("/forgotten-password", get(forgotten::show).post(forgotten::send))
        .route("/sign-out", post(sign_in::leave))
        .route("/links/{secret}", get(links::show).post(links::redeem))
        .route("/reserve", get(reserve::show).post(reserve::reserve))
        .route("/reserve/live", get(reserve::live))
        .route("/configure", get(configure::choose))
        .route("/reservations/{id}/configure", get(configure::show).post(configure::configure))
        .route("/reservations/{id}/configure/template", post(configure::save_template))
        .route("/templates/{id}/delete", post(configure::delete_template))
        .route("/nodes/{name}/boot", get(boots::show))
        .route("/nodes/{name}/boot/live", get(boots::live))
        .route("/nodes/rename", post(discovered::rename))
        .route("/nodes", get(nodes::list).post(nodes::add))
        .route("/nodes/new", get(nodes::fresh))
        .route("/nodes/{name}/edit", get(nodes::edit).post(nodes::change))
        .route("/nodes/{name}/quarantine", post(nodes::quarantine))
        .route("/nodes/{name}/quarantine/end", post(nodes::end_quarantine))
        .route("/nodes/{name}/retire", post(nodes::retire))
        .route("/detections", post(detection::start))
        .route("/detections/{id}", get(detection::one))
        .route("/detections/{id}/live", get(detection::one_live))
        .route("/detections/{id}/cancel", post(detection::cancel))
        .route("/discovered", get(discovered::list))
        .route("/discovered/live", get(discovered::live))
        .route("/discovered/{mac}", get(discovered::one))
        .route("/discovered/{mac}/enrol", post(discovered::enrol))
        .route("/discovered/{mac}/replace", post(discovered::replace_board))
        .route("/discovered/{mac}/forget", post(discovered::forget))
        .route("/switches", get(switches::show))
        .route("/switches/live", get(switches::live))
        .route("/switches/power", post(switches::power))
        .route("/network", get(network::show))
        .route("/network/live", get(network::live))
        .route("/network/devices", post(network::add_device))
        .route("/network/devices/{name}/remove", post(network::remove_device))
        .route("/network/notices/forget", post(network::forget_notice))
        .route("/network/servers/forget", post(network::forget_server))
        .route("/settings", get(settings::show))
        .route("/settings/keys", post(settings::keys))
        .route("/settings/password", post(settings::password))
        .route("/settings/tokens", post(settings::make_token))
        .route("/settings/tokens/{id}/revoke", post(settings::revoke_token))
        .route("/settings/sessions/{name}/end", post(settings::end_session))
        .route("/settings/credentials/{platform}", post(settings::set_credential))
        .route("/settings/credentials/{platform}/remove", post(settings::remove_credential))
        .route("/sign-up", get(sign_up::show).post(sign_up::sign_up))
        .route("/users", get(users::show).post(users::add))
        .route("/users/policy", post(users::set_policy))
        .route("/users/{id}/role", post(users::change_role))
        .route("/users/{id}/link", post(users::make_link))
        .route("/users/{id}/remove", post(users::remove))
        .route("/mail", get(mail::show).post(mail::save))
        .route("/mail/live", get(mail::live))
        .route("/mail/test", post(mail::test))
        .route("/audit", get(audit::list))
        .route("/language", post(language::choose))
        .merge(of_bins())
        .route("/events", get(live::events))
        .route("/assets/{name}", get(assets::show))
        .merge(booking())
        .merge(brought_in())
        .fallback(|| async { Refusal::NotFound })
        .layer(from_fn(headers::refuse_strangers))
}

/// Bins, what is asked of their nodes, and past ones.
fn of_bins() -> Router<App> {
    Router::new()
        .route("/manage", get(bins::list))
        .route("/manage/live", get(bins::list_live))
        .route("/reservations", get(bookings::list))
        .route("/reservations/live", get(bookings::live))
        .route("/reservations/{id}", get(bins::one))
        .route("/reservations/{id}/live", get(bins::one_live))
        .route("/reservations/{id}/extend", post(bins::extend))
        .route("/reservations/{id}/release", post(bins::release))
        .route("/history", get(history::list))
        .route("/deployments/{id}", get(history::one))
        .route("/nodes/{name}/history", get(history::of_node))
        .route("/nodes/requests", post(bins::request_each))
        .route("/nodes/{name}/hard-reboot", post(bins::hard_reboot))
        .route("/nodes/{name}/deploy-again", post(bins::deploy_again))
        .route("/nodes/{name}/destroy", post(bins::destroy))
}

/// Who may book what when, and who is told of it.
fn booking() -> Router<App> {
    Router::new()
        .route("/rules", get(rules::show).post(rules::store))
        .route("/queue", get(queue::list))
        .route("/queue/live", get(queue::live))
        .route("/queue/{id}/leave", post(queue::leave))
        .route("/groups", get(groups::list).post(groups::make))
        .route("/groups/{id}", post(groups::change))
        .route("/groups/{id}/remove", post(groups::remove))
        .route("/blocks", get(blocks::show).post(blocks::make))
        .route("/blocks/{id}/end", post(blocks::end))
        .route("/opening-hours", post(blocks::set_hours))
        .route("/settings/notifications", post(notifications::store))
        .route("/settings/feed", post(notifications::make_feed))
        .route("/settings/feed/revoke", post(notifications::revoke_feed))
        .route("/calendar/{name}", get(notifications::feed))
}

/// The routes by which switches and environments are brought in.
fn brought_in() -> Router<App> {
    Router::new()
        .route("/switches/new", get(switch_form::fresh))
        .route("/switches/save", post(switch_form::save))
        .route("/switches/{id}/edit", get(switch_form::edit))
        .route("/switches/{id}/read", post(switch_form::read))
        .route("/switches/{id}/remove", post(switch_form::remove))
        .route("/switches/tries/{id}", get(switch_form::tried))
        .route("/switches/tries/{id}/live", get(switch_form::tried_live))
        .route("/environments", get(environments::list))
        .route("/environments/live", get(environments::live))
        .route("/environments/{id}", get(environments::one).post(environments::change))
        .route("/environments/{id}/sharing", post(environments::share))
        .route("/environments/{id}/remove", post(environments::remove))
        .route("/environments/imports", post(imports::begin))
        .route("/environments/imports/{id}", get(imports::one))
        .route("/environments/imports/{id}/live", get(imports::one_live))
        .route("/environments/imports/{id}/file", post(imports::send))
        .route("/environments/imports/{id}/cancel", post(imports::cancel))
}

/// What stands around the page of a person who has signed in; takes the notice that waits for it.
pub(super) fn chrome(app: &App, signed: &SignedIn, title: impl Into<String>, tab: Tab) -> Chrome {
    let notice = app.notices.lock().unwrap_or_else(PoisonError::into_inner).take(&signed.session);
    let reader = signed.reader.clone();
    Chrome {
        title: title.into(),
        tab: Some(tab),
        who: Some(who(signed)),
        csrf: signed.csrf.clone(),
        notice,
        ending: signed.ending.clone(),
        reader,
    }
}

/// What stands around a page before anybody has signed in.
pub(super) fn before(app: &App, visit: &Visit, title: String) -> Chrome {
    let reader = visit.reader.clone();
    Chrome { title, tab: None, who: None, csrf: visit.csrf(app), notice: None, ending: Vec::new(), reader }
}

/// Who is signed in, as the pages know them.
pub(super) fn who(signed: &SignedIn) -> Who {
    Who { email: signed.user.email.clone(), is_admin: signed.is_admin() }
}

/// Leaves a notice for the next page of a session.
pub(super) fn leave(app: &App, session: [u8; 32], notice: Notice) {
    app.notices.lock().unwrap_or_else(PoisonError::into_inner).leave(session, notice);
}
