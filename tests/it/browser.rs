//! A browser without a screen: keeps cookies, finds the token of a form, follows nothing by itself.

use crate::test_app::{Answer, TestApp};
use axum::body::{Body, BodyDataStream};
use axum::http::{Method, Request, StatusCode, header};
use pimaster::model::user::Role;
use pimaster::web;
use std::collections::BTreeMap;

pub(crate) struct Browser<'a> {
    app: &'a TestApp,
    pub(crate) cookies: BTreeMap<String, String>,
    /// The token of the last page that had one.
    pub(crate) csrf: String,
}

impl<'a> Browser<'a> {
    pub(crate) fn new(app: &'a TestApp) -> Self {
        Self { app, cookies: BTreeMap::new(), csrf: String::new() }
    }

    /// A new account whose owner has just signed in by a link.
    pub(crate) async fn signed_in(app: &'a TestApp, email: &str, role: Role) -> Self {
        web::add_user(&app.store, email, role).await.unwrap();
        let link = web::sign_in_link(&app.store, email, "http://pimaster.test").await.unwrap();
        let path = link.strip_prefix("http://pimaster.test").unwrap();
        let mut browser = Self::new(app);
        browser.get(path).await;
        let answer = browser.post(path, &[]).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        // The token of this session stands in every page.
        browser.get("/settings").await;
        browser
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// Sends a form with the token of the last page.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let csrf = self.csrf.clone();
        let mut fields = fields.to_vec();
        fields.push(("csrf", &csrf));
        self.post_raw(path, &fields).await
    }

    /// Sends exactly these fields.
    pub(crate) async fn post_raw(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::builder().method(Method::POST).uri(path);
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    /// An answer that is read as it comes.
    pub(crate) async fn stream(&self, path: &str) -> BodyDataStream {
        let mut request = Request::get(path).body(Body::empty()).unwrap();
        self.add_cookies(&mut request);
        self.app.open(request).await.into_body().into_data_stream()
    }

    fn add_cookies(&self, request: &mut Request<Body>) {
        let pairs: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !pairs.is_empty() {
            request.headers_mut().insert(header::COOKIE, pairs.join("; ").parse().unwrap());
        }
    }

    pub(crate) async fn send(&mut self, mut request: Request<Body>) -> Answer {
        self.add_cookies(&mut request);
        let answer = self.app.send(request).await;
        for set in answer.headers.get_all(header::SET_COOKIE) {
            let (name, value) = set.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            match value {
                "" => self.cookies.remove(name),
                value => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        if let Some(csrf) = between(&answer.body, "name=\"csrf\" value=\"", "\"") {
            self.csrf = csrf.to_owned();
        }
        answer
    }
}

/// Where a redirect leads.
pub(crate) fn location(answer: &Answer) -> &str {
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
    answer.headers[header::LOCATION].to_str().unwrap()
}

/// The text between two marks.
pub(crate) fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let rest = text.split_once(before)?.1;
    Some(rest.split_once(after)?.0)
}
