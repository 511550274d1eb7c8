//! Who may what: every route of the pages and of the API, asked by each kind of person.
//!
//! The table is held complete against the sources of the routers and against the OpenAPI document: a route without a
//! row fails [`every_route_has_a_row`], which says what to do.

mod table;
mod world;

use crate::test_app::Answer;
use axum::http::{StatusCode, header};
use pimaster::web;
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use table::ROWS;
use world::World;

/// Who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Actor {
    Anonymous,
    Pending,
    /// Has an account, and nothing of what is asked for.
    User,
    /// Has the reservation, the token and the session that paths name.
    Owner,
    Administrator,
}

const ACTORS: [Actor; 5] =
    [Actor::Anonymous, Actor::Pending, Actor::User, Actor::Owner, Actor::Administrator];

/// What becomes of the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Let in, whatever comes of it then.
    In,
    /// Must sign in: 401, or led to the sign-in page.
    SignIn,
    /// 403.
    Forbidden,
    /// 404: not even told that it is there.
    Hidden,
    /// pimaster's own failure: always wrong.
    Failure,
}

fn outcome(answer: &Answer) -> Outcome {
    let place = answer.headers.get(header::LOCATION).map_or("", |place| place.to_str().unwrap());
    match answer.status {
        StatusCode::UNAUTHORIZED => Outcome::SignIn,
        StatusCode::SEE_OTHER if place.starts_with("/sign-in?") => Outcome::SignIn,
        // A form is not sent again after signing in: it leads to the page without a way back. So does signing out.
        StatusCode::SEE_OTHER if place == "/sign-in" && !answer.headers.contains_key(header::SET_COOKIE) => {
            Outcome::SignIn
        }
        StatusCode::FORBIDDEN => Outcome::Forbidden,
        StatusCode::NOT_FOUND => Outcome::Hidden,
        status if status.is_server_error() => Outcome::Failure,
        _ => Outcome::In,
    }
}

#[tokio::test]
async fn each_may_what_the_table_says() {
    let shared = World::new().await;
    let mut wrong = Vec::new();
    for (route, who, body) in ROWS {
        let (method, path) = route.split_once(' ').unwrap();
        let is_safe = method == "GET";
        let mut fresh = None;
        for (actor, &expected) in ACTORS.into_iter().zip(who) {
            // What is refused changes nothing; what is not may.
            let world = if is_safe || expected != Outcome::In {
                &shared
            } else {
                if fresh.is_none() {
                    fresh = Some(World::new().await);
                }
                fresh.as_ref().unwrap()
            };
            let mut answer = world.ask(actor, method, path, body).await;
            if outcome(&answer) == Outcome::Hidden && expected == Outcome::In {
                // Whoever was let in before may have removed it.
                answer = World::new().await.ask(actor, method, path, body).await;
            }
            let seen = outcome(&answer);
            if seen != expected {
                let text: String = answer.body.chars().take(300).collect();
                wrong.push(format!(
                    "{route} by {actor:?}: {} is {seen:?}, expected {expected:?}: {text}",
                    answer.status
                ));
            }
        }
    }
    assert!(
        wrong.is_empty(),
        "{} cells are not as tests/it/authorisation/table.rs says. If a stranger gets further than 403, judge who asks \
         before what they send: `signed.administrator()?` first on a page, `Administrator` in place of `Bearer` in the \
         API. If it is `Hidden`, put what the path names into world.rs.\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_route_has_a_row() {
    let routes: BTreeSet<String> = page_routes().into_iter().chain(api_routes()).collect();
    let rows: BTreeSet<String> = ROWS.iter().map(|(route, _, _)| (*route).to_owned()).collect();
    assert_eq!(rows.len(), ROWS.len(), "a route has two rows");
    let missing: Vec<_> = routes.difference(&rows).collect();
    assert!(
        missing.is_empty(),
        "routes without a row in tests/it/authorisation/table.rs: {missing:#?}\nAdd one line for each: the route, who \
         may (EVERYBODY, PEOPLE, OWNER, ADMINISTRATORS, or five outcomes), and the least body that gets past parsing: \
         `(\"POST /path/{{id}}\", ADMINISTRATORS, \"field=value\")`; JSON for the API."
    );
    let stale: Vec<_> = rows.difference(&routes).collect();
    assert!(stale.is_empty(), "rows in tests/it/authorisation/table.rs without a route: {stale:#?}");
}

/// Method and path of each `.route("path", get(..).post(..))` in the sources of the web.
fn page_routes() -> Vec<String> {
    let mut found = Vec::new();
    for text in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web")) {
        let text = text.split("#[cfg(test)]\nmod ").next().unwrap();
        for rest in text.split(".route(\"").skip(1) {
            let (path, rest) = rest.split_once('"').unwrap();
            let call = until_closed(rest);
            let before = found.len();
            for method in ["get", "post", "put", "patch", "delete"] {
                let named = call.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '(');
                // `get(x::y)` and `.get(x::y)`, but no handler that is called so.
                if named.into_iter().any(|word| word.starts_with(&format!("{method}("))) {
                    found.push(format!("{} {path}", method.to_uppercase()));
                }
            }
            assert!(found.len() > before, "the route {path} has no method that this test can read: {call}");
        }
    }
    assert!(found.len() > 50, "the routers are not where this test looks for them");
    found
}

/// What stands before the bracket that closes `.route(`.
fn until_closed(text: &str) -> &str {
    let mut depth = 1;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[..at];
        }
    }
    text
}

fn sources(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else {
            found.push(fs::read_to_string(path).unwrap());
        }
    }
    found
}

fn api_routes() -> Vec<String> {
    let document = serde_json::to_value(web::openapi()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, methods): (&String, &Value)| {
        let methods: Vec<String> = methods.as_object().unwrap().keys().map(|it| it.to_uppercase()).collect();
        methods.into_iter().map(|method| format!("{method} {path}")).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}
