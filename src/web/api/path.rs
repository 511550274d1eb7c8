//! The variable part of a path, read as what it names; its refusal is a problem like any other. *Pure.*

use super::problem::Problem;
use crate::model::ids::{
    BlockId, DeploymentId, DetectionId, GroupId, ImportId, InquiryId, QueueId, ReservationId, TemplateId,
    TokenId, UserId,
};
use crate::model::net::{MacAddr, NotAMac};
use crate::model::node::{NodeName, NotANodeName};
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path};
use axum::http::StatusCode;
use axum::http::request::Parts;
use std::convert::Infallible;
use std::net::{AddrParseError, Ipv4Addr};
use std::num::ParseIntError;
use std::str::FromStr;

/// What the one variable part of a path names.
#[derive(Debug)]
pub(super) struct Named<T>(pub(super) T);

/// What paths can name. A text that can name none is not found.
pub(super) trait InPath: FromStr {
    /// Where those are that exist.
    const FIX: &'static str;
    /// What was seen and what was expected.
    fn refusal(seen: &str, why: Self::Err) -> String;
}

impl InPath for NodeName {
    const FIX: &'static str = "Take a name from the list of nodes, or of devices.";
    fn refusal(_: &str, why: NotANodeName) -> String {
        why.to_string()
    }
}

impl InPath for MacAddr {
    const FIX: &'static str = "Take an address from the list of discovered machines.";
    fn refusal(_: &str, why: NotAMac) -> String {
        why.to_string()
    }
}

impl InPath for ReservationId {
    const FIX: &'static str = "Take an id from the list of reservations.";
    fn refusal(seen: &str, _: ParseIntError) -> String {
        format!("`{seen}` is no reservation; expected a number")
    }
}

impl InPath for DeploymentId {
    const FIX: &'static str = "Take an id from the list of past deployments.";
    fn refusal(seen: &str, _: ParseIntError) -> String {
        format!("`{seen}` is no deployment; expected a number")
    }
}

impl InPath for BlockId {
    const FIX: &'static str = "Take an id from the list of blocks.";
    fn refusal(seen: &str, _: ParseIntError) -> String {
        format!("`{seen}` is no block; expected a number")
    }
}

impl InPath for QueueId {
    const FIX: &'static str = "Take the id that waiting gave.";
    fn refusal(seen: &str, _: ParseIntError) -> String {
        format!("`{seen}` is no wish in the queue; expected a number")
    }
}

impl InPath for GroupId {
    const FIX: &'static str = "Take an id from the list of groups.";
    fn refusal(seen: &str, _: ParseIntError) -> String {
        format!("`{seen}` is no group; expected a number")
    }
}

impl InPath for DetectionId {
    const FIX: &'static str = "Take the id that starting it gave.";
    fn refusal(seen: &str, _: ParseIntError) -> String {
        format!("`{seen}` is no detection; expected a number")
    }
}

/// The name of a switch: any text may be one that was enrolled long ago.
#[derive(Debug)]
pub(super) struct SwitchName(pub(super) String);

impl FromStr for SwitchName {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl InPath for SwitchName {
    const FIX: &'static str = "Take a name from the list of switches.";
    fn refusal(seen: &str, _: Self::Err) -> String {
        format!("no switch is called `{seen}`")
    }
}

/// The name of an environment.
#[derive(Debug)]
pub(super) struct EnvironmentName(pub(super) String);

impl FromStr for EnvironmentName {
    type Err = std::convert::Infallible;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl InPath for EnvironmentName {
    const FIX: &'static str = "Take a name from the list of environments.";
    fn refusal(seen: &str, _: Self::Err) -> String {
        format!("no environment is called `{seen}`")
    }
}

impl InPath for ImportId {
    const FIX: &'static str = "Take the id that beginning gave.";
    fn refusal(seen: &str, _: ParseIntError) -> String {
        format!("`{seen}` is no import; expected a number")
    }
}

impl InPath for InquiryId {
    const FIX: &'static str = "Take the id that asking gave.";
    fn refusal(seen: &str, _: ParseIntError) -> String {
        format!("`{seen}` is no question; expected a number")
    }
}

impl InPath for UserId {
    const FIX: &'static str = "Take an id from the list of accounts.";
    fn refusal(seen: &str, _: ParseIntError) -> String {
        format!("`{seen}` is no account; expected a number")
    }
}

impl InPath for TokenId {
    const FIX: &'static str = "Take an id from the list of tokens.";
    fn refusal(seen: &str, _: ParseIntError) -> String {
        format!("`{seen}` is no token; expected a number")
    }
}

impl InPath for Ipv4Addr {
    const FIX: &'static str = "Take an address from the list.";
    fn refusal(seen: &str, _: AddrParseError) -> String {
        format!("`{seen}` is no IPv4 address")
    }
}

/// A name that is only looked up.
impl InPath for String {
    const FIX: &'static str = "Take a name from the list.";
    fn refusal(_: &str, why: Infallible) -> String {
        match why {}
    }
}

impl InPath for TemplateId {
    const FIX: &'static str = "Take an id from the list of templates.";
    fn refusal(seen: &str, _: ParseIntError) -> String {
        format!("`{seen}` is no template; expected a number")
    }
}

impl<T: InPath, S: Send + Sync> FromRequestParts<S> for Named<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<String>::from_request_parts(parts, state).await;
        let Path(text) = path.map_err(|error| unreadable(&error))?;
        named(&text).map(Self)
    }
}

/// What the two variable parts of a path name.
#[derive(Debug)]
pub(super) struct NamedTwo<A, B>(pub(super) A, pub(super) B);

impl<A: InPath, B: InPath, S: Send + Sync> FromRequestParts<S> for NamedTwo<A, B> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let path = Path::<(String, String)>::from_request_parts(parts, state).await;
        let Path((one, other)) = path.map_err(|error| unreadable(&error))?;
        Ok(Self(named(&one)?, named(&other)?))
    }
}

fn named<T: InPath>(text: &str) -> Result<T, Problem> {
    text.parse()
        .map_err(|why| Problem::new(StatusCode::NOT_FOUND, "not-found", T::refusal(text, why)).fix(T::FIX))
}

fn unreadable(error: &PathRejection) -> Problem {
    let detail = format!("the path cannot be read: {}", error.body_text());
    Problem::new(error.status(), "malformed", detail).fix("Send UTF-8, percent-encoded.")
}
