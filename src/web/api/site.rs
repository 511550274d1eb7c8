//! What administrators set for everybody, in the API: who may sign up, the rules of booking. *IO: the database; through
//! the agent.*

use super::bearer::{Administrator, Bearer};
use super::json::JsonBody;
use super::problem::Problem;
use super::version::{IfMatch, IfMatchHeader, Tagged};
use crate::model::booking::BookingRules;
use crate::model::user::SignUpPolicy;
use crate::model::version::Version;
use crate::store::site;
use crate::web::forms::rules::Rules as RulesForm;
use crate::web::forms::sign_up::domains;
use crate::web::people;
use crate::web::state::App;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Who may make an account.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Policy {
    /// Whether people may sign up by themselves.
    is_open: bool,
    /// The domains that their addresses must be of; of any if there are none.
    #[schema(example = json!(["lab.example"]))]
    domains: Vec<String>,
    /// Whether a confirmed address is enough: no administrator has to accept the account.
    confirmed_is_enough: bool,
}

/// Who may make an account. For administrators.
#[utoipa::path(get, path = "/api/v1/sign-up-policy", tag = "site", operation_id = "get_sign_up_policy", responses(
    (status = 200, body = Policy, headers(("ETag" = String, description = "For If-Match"))),
    (status = 403, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn policy(_: Administrator, State(app): State<App>) -> Result<Tagged<Policy>, Problem> {
    let policy = app.store.read(|conn| site::get(conn, SignUpPolicy::NAME)).await;
    Ok(tagged_policy(policy.map_err(|error| Problem::internal(&error))?))
}

/// Sets who may make an account. For administrators.
#[utoipa::path(put, path = "/api/v1/sign-up-policy", tag = "site", operation_id = "set_sign_up_policy",
    request_body = Policy, params(IfMatchHeader), responses(
    (status = 200, body = Policy, headers(("ETag" = String, description = "For If-Match"))),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 412, description = "It was changed meanwhile", body = Problem,
     content_type = "application/problem+json"),
    (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn set_policy(
    Administrator(caller): Administrator,
    State(app): State<App>,
    IfMatch(seen): IfMatch,
    JsonBody(wish): JsonBody<Policy>,
) -> Result<Tagged<Policy>, Problem> {
    let words = wish.domains.iter().map(String::as_str);
    let domains = domains(words)
        .map_err(|text| Problem::field("domains", text, "Correct it, or leave the list empty."))?;
    let policy =
        SignUpPolicy { is_open: wish.is_open, domains, confirmed_is_enough: wish.confirmed_is_enough };
    people::set_policy(&app, &caller.actor, policy.clone(), seen).await?;
    Ok(tagged_policy(policy))
}

fn tagged_policy(policy: SignUpPolicy) -> Tagged<Policy> {
    let version = Version::of(&policy);
    let SignUpPolicy { is_open, domains, confirmed_is_enough } = policy;
    Tagged(version, Policy { is_open, domains, confirmed_is_enough })
}

/// The rules by which nodes are booked.
#[derive(Debug, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BookingRules)]
pub(super) struct Rules {
    /// How many hours a new reservation may have.
    longest_hours: u32,
    /// How many hours it may have in all once it was made longer.
    longest_extended_hours: u32,
    /// How many node hours an account may have booked; any number if null.
    node_hours: Option<u32>,
    /// How many nodes an account may have at once; any number if null.
    nodes_at_once: Option<u32>,
    /// Minutes that must lie between two reservations of a node.
    margin_minutes: u32,
    /// Minutes that nodes are held for a reservation that is not configured.
    hold_minutes: u32,
    /// Minutes before an end at which people are told who chose nothing else.
    notice_minutes: u32,
}

/// The rules by which nodes are booked.
#[utoipa::path(get, path = "/api/v1/rules", tag = "site", operation_id = "get_rules", responses(
    (status = 200, body = Rules, headers(("ETag" = String, description = "For If-Match"))),
    (status = 401, body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn rules(_: Bearer, State(app): State<App>) -> Result<Tagged<Rules>, Problem> {
    Ok(tagged_rules(&app.agent.booking_rules().await?))
}

/// Sets the rules; they bind from the next booking on. For administrators.
#[utoipa::path(put, path = "/api/v1/rules", tag = "site", operation_id = "set_rules", request_body = Rules,
    params(IfMatchHeader), responses(
    (status = 200, body = Rules, headers(("ETag" = String, description = "For If-Match"))),
    (status = 403, body = Problem, content_type = "application/problem+json"),
    (status = 412, description = "They were changed meanwhile", body = Problem,
     content_type = "application/problem+json"),
    (status = 422, description = "A field is wrong", body = Problem, content_type = "application/problem+json"),
))]
pub(super) async fn set_rules(
    Administrator(caller): Administrator,
    State(app): State<App>,
    IfMatch(seen): IfMatch,
    JsonBody(wish): JsonBody<Rules>,
) -> Result<Tagged<Rules>, Problem> {
    // Judged as the page judges them.
    let form = RulesForm {
        longest_hours: wish.longest_hours.to_string(),
        longest_extended_hours: wish.longest_extended_hours.to_string(),
        node_hours: wish.node_hours.map(|hours| hours.to_string()).unwrap_or_default(),
        nodes_at_once: wish.nodes_at_once.map(|nodes| nodes.to_string()).unwrap_or_default(),
        margin_minutes: wish.margin_minutes.to_string(),
        hold_minutes: wish.hold_minutes.to_string(),
        notice_minutes: wish.notice_minutes.to_string(),
    };
    let rules = form.judge().map_err(|errors| Problem::of_form(&errors))?;
    app.agent.set_booking_rules(&caller, rules.clone(), seen).await?;
    Ok(tagged_rules(&rules))
}

fn tagged_rules(rules: &BookingRules) -> Tagged<Rules> {
    let shown = Rules {
        longest_hours: rules.longest_hours,
        longest_extended_hours: rules.longest_extended_hours,
        node_hours: rules.node_hours,
        nodes_at_once: rules.nodes_at_once,
        margin_minutes: rules.margin_minutes,
        hold_minutes: rules.hold_minutes,
        notice_minutes: rules.notice_minutes,
    };
    Tagged(Version::of(rules), shown)
}
