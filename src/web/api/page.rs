//! Lists in pages: `?limit=&cursor=`, and a `Link` to the next page (RFC 8288). *Pure.*
//!
//! A cursor names the last entry of a page, not its number: what is added or gone meanwhile moves no other entry to
//! another page. It is base64url of JSON, and nothing to rely on.

use super::problem::Problem;
use axum::Json;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::IntoParams;

/// Entries of a page if nothing is said.
const USUAL: usize = 100;
/// Entries of a page at most.
const MOST: usize = 1000;

/// Which page of a list is asked for.
#[derive(Debug)]
pub(super) struct Paging {
    limit: usize,
    cursor: Option<String>,
    path: String,
    /// The other parts of the query, which stay in the link.
    others: Vec<(String, String)>,
}

/// The query in the document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "only described")]
pub(super) struct PageQuery {
    /// So many entries at most; 100 if left out.
    #[param(minimum = 1, maximum = 1000, required = false)]
    limit: Option<u32>,
    /// Where the page begins: take the whole address from `Link: <...>; rel="next"` of the page before.
    #[param(required = false)]
    cursor: Option<String>,
}

/// A page of a list.
#[derive(Debug)]
pub(super) struct Paged<T> {
    entries: Vec<T>,
    next: Option<String>,
}

impl<T> Paged<T> {
    /// The same page of something else.
    pub(super) fn map<U>(self, change: impl FnMut(T) -> U) -> Paged<U> {
        Paged { entries: self.entries.into_iter().map(change).collect(), next: self.next }
    }
}

impl<T: Serialize> IntoResponse for Paged<T> {
    fn into_response(self) -> Response {
        let mut response = Json(self.entries).into_response();
        let link = self.next.and_then(|next| HeaderValue::try_from(format!("<{next}>; rel=\"next\"")).ok());
        response.headers_mut().extend(link.map(|link| (header::LINK, link)));
        response
    }
}

impl Paging {
    /// So many entries to look up: one more than are shown, to know whether there are more.
    pub(super) fn wanted(&self) -> u32 {
        u32::try_from(self.limit + 1).unwrap_or(u32::MAX)
    }

    /// What names the entry after which the page begins.
    pub(super) fn after<K: DeserializeOwned>(&self) -> Result<Option<K>, Problem> {
        let Some(cursor) = &self.cursor else { return Ok(None) };
        let read = URL_SAFE_NO_PAD.decode(cursor).ok();
        let read = read.and_then(|bytes| serde_json::from_slice::<(String, K)>(&bytes).ok());
        match read {
            Some((path, key)) if path == self.path => Ok(Some(key)),
            Some(_) | None => {
                let detail = "the cursor is none of this list";
                Err(Problem::field(
                    "cursor",
                    detail,
                    "Begin without one, and follow the links to the next page.",
                ))
            }
        }
    }

    /// A page of entries that begin after the cursor; `wanted` of them, or all that are left.
    pub(super) fn page<T, K: Serialize>(&self, mut entries: Vec<T>, key: impl Fn(&T) -> K) -> Paged<T> {
        let has_more = entries.len() > self.limit;
        entries.truncate(self.limit);
        let last = entries.last().filter(|_| has_more);
        Paged { next: last.map(|last| self.link(&key(last))), entries }
    }

    /// A page of a whole list, in the order of its keys.
    pub(super) fn cut<T, K: Ord + Serialize + DeserializeOwned>(
        &self,
        mut entries: Vec<T>,
        key: impl Fn(&T) -> K,
    ) -> Result<Paged<T>, Problem> {
        entries.sort_by_cached_key(&key);
        if let Some(after) = self.after::<K>()? {
            entries.retain(|entry| key(entry) > after);
        }
        Ok(self.page(entries, key))
    }

    fn link<K: Serialize>(&self, key: &K) -> String {
        let cursor = URL_SAFE_NO_PAD.encode(serde_json::to_vec(&(&self.path, key)).unwrap_or_default());
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.others).append_pair("limit", &self.limit.to_string());
        format!("{}?{}", self.path, query.append_pair("cursor", &cursor).finish())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Paging {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        parse(parts.uri.path(), parts.uri.query().unwrap_or_default())
    }
}

fn parse(path: &str, query: &str) -> Result<Paging, Problem> {
    let mut paging = Paging { limit: USUAL, cursor: None, path: path.to_owned(), others: Vec::new() };
    for (name, value) in form_urlencoded::parse(query.as_bytes()).into_owned() {
        match name.as_str() {
            "limit" => paging.limit = limit(&value)?,
            "cursor" => paging.cursor = Some(value),
            _ => paging.others.push((name, value)),
        }
    }
    Ok(paging)
}

fn limit(text: &str) -> Result<usize, Problem> {
    let limit = text.parse().ok().filter(|limit| (1..=MOST).contains(limit));
    limit.ok_or_else(|| {
        let seen: String = text.chars().take(40).collect();
        let detail = format!("`{seen}` entries are not possible; expected 1 to {MOST}");
        Problem::field("limit", detail, "Leave it out, and follow the links to the next page.")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cmp::Reverse;

    /// Every page of a list of numbers, and its length.
    fn walk<K: Ord + Serialize + DeserializeOwned>(query: &str, key: impl Fn(&i64) -> K) -> Vec<Vec<i64>> {
        let (mut pages, mut query) = (Vec::new(), query.to_owned());
        loop {
            let page = parse("/list", &query).unwrap().cut((1..=5).collect(), &key).unwrap();
            pages.push(page.entries);
            let Some(next) = page.next else { return pages };
            let (path, rest) = next.split_once('?').unwrap();
            assert_eq!(path, "/list");
            query = rest.to_owned();
        }
    }

    #[test]
    fn pages_hold_each_entry_once_and_in_order() {
        assert_eq!(walk("limit=2", |it| *it), [vec![1, 2], vec![3, 4], vec![5]]);
        assert_eq!(walk("limit=2", |it| Reverse(*it)), [vec![5, 4], vec![3, 2], vec![1]]);
        assert_eq!(walk("limit=5", |it| *it), [[1, 2, 3, 4, 5]]);
        assert_eq!(walk("", |it| *it).len(), 1);
    }

    #[test]
    fn what_is_gone_meanwhile_moves_nothing() {
        let first = parse("/list", "limit=2").unwrap().cut(vec![1, 2, 3, 4], |it| *it).unwrap();
        let rest = first.next.unwrap().split_once('?').unwrap().1.to_owned();
        let second = parse("/list", &rest).unwrap().cut(vec![1, 3, 4], |it| *it).unwrap();
        assert_eq!(second.entries, [3, 4]);
    }

    #[test]
    fn what_cannot_be_a_page_is_refused_by_its_field() {
        for query in ["limit=0", "limit=1001", "limit=many"] {
            assert!(parse("/list", query).is_err(), "{query}");
        }
        let first = parse("/other", "limit=1").unwrap().cut(vec![1, 2], |it| *it).unwrap();
        let other = first.next.unwrap().split_once('?').unwrap().1.to_owned();
        for query in ["cursor=x", "cursor=", &other] {
            assert!(parse("/list", query).unwrap().after::<i64>().is_err(), "{query}");
        }
    }

    #[test]
    fn the_other_parts_of_a_query_stay() {
        let page = parse("/list", "state=lost&limit=1").unwrap().page(vec![1, 2], |it| *it);
        assert!(page.next.unwrap().starts_with("/list?state=lost&limit=1&cursor="));
    }
}
