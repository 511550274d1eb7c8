//! How long an answer may take. *Pure middleware.*

use super::api::Problem;
use super::refusal::Refusal;
use super::sent;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::time::Duration;

/// For a request to arrive and be answered; event streams have begun by then.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// Gives up what takes too long, and says so: to programs as a problem, to people as a page. Files that are sent take
/// what they need: their senders are watched where they are read.
pub(super) async fn keep(request: Request, next: Next) -> Response {
    if sent::takes_files(request.uri().path()) {
        return next.run(request).await;
    }
    let is_api = request.uri().path().starts_with("/api/");
    match tokio::time::timeout(ANSWER_WITHIN, next.run(request)).await {
        Ok(response) => response,
        Err(_) if is_api => problem().into_response(),
        Err(_) => Refusal::Overdue.into_response(),
    }
}

fn problem() -> Problem {
    let seconds = ANSWER_WITHIN.as_secs();
    let detail = format!("the request did not arrive or was not answered within {seconds} s");
    let problem = Problem::new(StatusCode::REQUEST_TIMEOUT, "timeout", detail);
    problem.fix("Look whether it was done, then send it again; if it stays, look into pimaster's log.")
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::Router;
    use axum::body::{Body, to_bytes};
    use axum::http::header;
    use axum::middleware::from_fn;
    use std::sync::Arc;
    use tower::ServiceExt;

    async fn ask(path: &str) -> Response {
        let router: Router = Router::new()
            .route("/api/v1/quick", axum::routing::get(async || "done"))
            .fallback(async || std::future::pending::<()>().await)
            .layer(from_fn(keep));
        router.oneshot(Request::get(path).body(Body::empty()).unwrap()).await.unwrap()
    }

    async fn text(answer: Response) -> String {
        String::from_utf8(to_bytes(answer.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_too_long_is_a_problem_to_programs_and_a_page_to_people() {
        assert_eq!(text(ask("/api/v1/quick").await).await, "done");
        let answer = ask("/api/v1/nodes").await;
        let kind = answer.headers()[header::CONTENT_TYPE].to_str().unwrap();
        assert_eq!((answer.status().as_u16(), kind), (408, "application/problem+json"));
        let body = text(answer).await;
        assert!(body.contains("within 30 s") && body.contains("\"fix\""), "{body}");
        let answer = ask("/manage").await;
        assert!(matches!(answer.extensions().get::<Arc<Refusal>>().unwrap().as_ref(), Refusal::Overdue));
    }
}
